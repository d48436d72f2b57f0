"""What goes wrong when bytes from a network are read."""


class DecodeError(ValueError):
    """Bytes or JSON that do not follow the contract; the message says what was expected, never what was received."""
