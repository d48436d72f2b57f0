"""What tests, benchmarks and the comparison of the backends use, in this order, each of what comes before alone.

`installations` starts whole installations and puts proxies on the way to their parts. `load` drives many connections at
little cost, `yardsticks` are other servers for the same load. `checking` holds what clients saw and did, and the pure
rules by which it is compared with what PostgreSQL keeps. `crowd` is real clients that note all of that, and `faults`
breaks an installation around them. Nothing of it is in the wheel.
"""

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parent.parent
"""The checkout that this lies in: processes that need its packages are started there."""

PLOT_STYLE: Final = Path(__file__).with_name("plots.mplstyle")
"""How pictures of measurements look."""
