"""Cavalcade: the live positions of a group, inside a private, temporary session."""

__version__ = "0.1.0"
