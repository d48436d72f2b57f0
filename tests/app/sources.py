"""A location source that the test moves."""

from cavalcade.app.device.location import Obstacle, OnFix, OnObstacle
from cavalcade.app.device.policy import Tuning
from cavalcade.client import Fix
from cavalcade.client.clock import epoch_ms


class MovedByHand:
    """Gives the fixes that a test wants, while it is started."""

    def __init__(self, obstacle: Obstacle | None = None) -> None:
        self.obstacle = obstacle
        self.started = 0
        self.tunings: list[Tuning] = []
        self.battery: int | None = 80
        self._on_fix: OnFix | None = None
        self._on_obstacle: OnObstacle | None = None

    @property
    def is_on(self) -> bool:
        return self._on_fix is not None

    async def start(self, tuning: Tuning, on_fix: OnFix, on_obstacle: OnObstacle) -> None:
        self.started += 1
        self.tunings.append(tuning)
        self._on_obstacle = on_obstacle
        on_obstacle(self.obstacle)
        self._on_fix = on_fix if self.obstacle is None else None

    async def retune(self, tuning: Tuning) -> None:
        self.tunings.append(tuning)

    async def stop(self) -> None:
        self._on_fix = None

    def tell(self, obstacle: Obstacle) -> None:
        """Says what is in the way, as a receiver does that goes on trying."""
        assert self._on_obstacle is not None
        self._on_obstacle(obstacle)

    def move(self, lat: float, lon: float = 9.18, *, seconds_ago: int = 0, speed: float = 20.0) -> None:
        if self._on_fix is not None:
            self._on_fix(Fix(lat, lon, epoch_ms() - seconds_ago * 1000, accuracy=5.0, speed=speed))
