"""Rings of known size: on ground without streets they are what one judges distances and motion by; pure."""

import math
from typing import Final

SMALLEST_PX: Final = 64.0
RINGS: Final = 3
FARTHEST_M: Final = 500_000.0


def ring_step(metres_per_pixel: float) -> float | None:
    """The step between rings: 1, 2 or 5 times a power of ten metres, at least 64 px.

    Returns:
        Metres; None where the rings would be too far or too near to mean anything.
    """
    least = SMALLEST_PX * metres_per_pixel
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least - 1e-9)
    return None if step < 1 or step * RINGS > FARTHEST_M else step
