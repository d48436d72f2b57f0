"""What clients judge of a convoy in a city: nothing at its lights, and soon what has happened to one of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random

import pytest

from cavalcade.client.motion.judging import Memory, concerns_me, judge
from cavalcade.client.motion.scene import Person, Scene
from cavalcade.domain.features.alerts import Alert, AlertKind
from cavalcade.domain.features.posts import Post
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.fix import Fix
from cavalcade.domain.model import Role
from cavalcade.simulate.convoy import Convoy, Rider
from cavalcade.simulate.receiver import Motion, Receiver
from cavalcade.simulate.tours import helsinki_tour

RIDERS = 8
LEAD, BROKEN, SWEEP = 1, 5, 8
AT = 1_790_000_000_000
POSTS = {LEAD: Post.LEAD, SWEEP: Post.SWEEP}


class City:
    """A convoy with lights: some of it is caught by one every two minutes, and the first one waits for the last."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.convoy = Convoy(helsinki_tour(), RIDERS, self._random)
        self.everybody = dict(enumerate(self.convoy.riders, start=1))
        self._phones = {who: Receiver(self._random) for who in self.everybody}
        self._held: dict[int, tuple[float, int]] = {}
        self._stuck: dict[int, Motion] = {}
        self.newest: dict[int, Fix] = {}
        self.lights = 0
        self.second = 0

    @property
    def now(self) -> int:
        return AT + self.second * 1000

    def break_down(self, who: int) -> None:
        """One stands from now on, and the others ride past."""
        self._stuck[who] = self.convoy.motion(self.everybody[who])
        self.convoy.riders = [rider for other, rider in self.everybody.items() if other not in self._stuck]

    def ride_on(self, who: int) -> None:
        """Somebody who stood is there again, behind the others."""
        del self._stuck[who]
        self.convoy.riders = [*self.convoy.riders, self.everybody[who]]

    def pass_second(self, *, lights: bool) -> None:
        if lights and self.second % 120 == 60:
            self.lights += 1
            caught = self._random.randint(2, RIDERS)
            self._hold(caught, self._random.randint(20, 80))
        places = [rider.distance_m for rider in self.convoy.riders]
        if lights and max(places) - min(places) > 400 and not self._held:
            first = max(self.everybody, key=lambda who: self.everybody[who].distance_m)
            self._hold(first, 20)
        self.convoy.advance(1.0)
        for who, (place, until) in list(self._held.items()):
            self.everybody[who].distance_m, self.everybody[who].speed = place, 0.0
            if self.second >= until:
                del self._held[who]
        self.second += 1
        for who, rider in self.everybody.items():
            self._observe(who, rider)

    def _hold(self, who: int, seconds: int) -> None:
        self._held[who] = (self.everybody[who].distance_m, self.second + seconds)

    def _observe(self, who: int, rider: Rider) -> None:
        stands = self._stuck.get(who)
        truth = self.convoy.motion(rider) if stands is None else Motion(stands.lat, stands.lon, stands.heading, 0.0)
        fix = self._phones[who].observe(truth, self.now, 1.0)
        if fix is not None:
            self.newest[who] = fix


@dataclass
class Client:
    """One of them, who judges."""

    me: int
    memory: Memory = field(default_factory=Memory)
    scene: Scene | None = None
    found: list[tuple[int, str]] = field(default_factory=list)

    def look(self, city: City, alerts: list[Alert], statuses: Mapping[int, tuple[Status, int]]) -> None:
        people = [
            Person(who, Role.MEMBER, POSTS.get(who), status, since, fix=city.newest.get(who))
            for who in city.everybody
            for status, since in [statuses.get(who, (None, None))]
        ]
        was_asking = self.memory.is_asking
        self.scene = Scene(city.now, self.me, people, alerts=tuple(alerts))
        self.memory, findings = judge(self.memory, self.scene)
        if self.memory.is_asking and not was_asking:
            self.found.append((city.second, "asked"))
        if findings.ends_status:
            self.found.append((city.second, "ended"))
        for kind, who in findings.alerts:
            self.found.append((city.second, str(kind)))
            alerts.append(Alert(0, kind, who, self.me, city.now))


def test_nobody_is_asked_at_a_light() -> None:
    city, clients, alerts = City(seed=1), [Client(3), Client(8)], list[Alert]()
    for _ in range(1_900):
        city.pass_second(lights=True)
        for client in clients:
            client.look(city, alerts, {})
    assert city.lights >= 15
    assert [client.found for client in clients] == [[], []]


# A receiver that has no signal in the very moment is later by as long as that lasts, as with the seed 2.
@pytest.mark.parametrize("seed", [1, 3])
def test_a_breakdown_is_asked_about_and_told_to_the_lead(seed: int) -> None:
    city, broken, lead, alerts = City(seed), Client(BROKEN), Client(LEAD), list[Alert]()
    for _ in until(city, 300):
        broken.look(city, alerts, {})
    city.break_down(BROKEN)
    for _ in until(city, 480):
        broken.look(city, alerts, {})
        lead.look(city, alerts, {})
    asked, told = [second - 300 for second, what in broken.found if what in {"asked", "stopped"}]
    assert 90 <= asked <= 100
    assert asked < told <= 165
    assert lead.found == []
    assert lead.scene is not None
    assert [alert.kind for alert in alerts] == [AlertKind.STOPPED]
    assert concerns_me(lead.scene, BROKEN)


def test_a_status_is_gone_soon_after_riding_on() -> None:
    city, rider, alerts = City(seed=1), Client(BROKEN), list[Alert]()
    for _ in until(city, 300):
        rider.look(city, alerts, {})
    city.break_down(BROKEN)
    said = {BROKEN: (Status.FUEL, city.now)}
    for _ in until(city, 600):
        rider.look(city, alerts, said)
    assert rider.found == []
    city.ride_on(BROKEN)
    for _ in until(city, 640):
        rider.look(city, alerts, said)
    assert [what for _, what in rider.found][:1] == ["ended"]
    assert rider.found[0][0] - 600 <= 25


def until(city: City, second: int) -> Iterator[int]:
    for _ in count():
        if city.second >= second:
            return
        city.pass_second(lights=False)
        yield city.second
