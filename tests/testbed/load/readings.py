"""What a load might have measured."""

from testbed.load.generator import Reading


def reading(**changes: float) -> Reading:
    fields = {"connections": 10, "wall_s": 10.0, "sent": 100, "positions": 1000, "frames": 200, **changes}
    return Reading(**fields)  # type: ignore[arg-type]  # numbers all
