"""What a client judges of its own motion reaches the group, and ends by itself."""

from cavalcade.client import Fix, LiveSession, Status, Watch
from cavalcade.domain.features.alerts import AlertKind, RecentAlerts
from cavalcade.domain.features.statuses import PersonStatus
from cavalcade.domain.geo import destination
from tests.scenarios.people import SOON, Group

BEN = 2


def alerts(session: LiveSession) -> list[tuple[AlertKind, int | None]]:
    return [(one.kind, one.participant) for one in session.state.features.of(RecentAlerts).recent]


def status_of(session: LiveSession) -> Status | None:
    return session.state.participants[BEN].features.of(PersonStatus).status


async def test_a_stop_is_asked_about_then_told_and_its_status_ends_once_one_rides_on(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        asked: list[bool] = []
        watch = Watch(ben, on_question=lambda: asked.append(watch.is_asking))
        at, metres = ben.now() - 600_000, 0.0

        def ride(seconds: int, speed: float) -> None:
            nonlocal at, metres
            for _ in range(seconds):
                at, metres = at + 1_000, metres + speed
                lat, lon = destination(47.66, 9.18, 0, metres)
                watch.take(Fix(lat, lon, at, accuracy=5.0, speed=speed), at)

        ride(60, 15.0)
        ride(235, 0.0)
        assert asked == []
        ride(6, 0.0)
        assert asked == [True]
        ride(61, 0.0)
        await anna.wait_for(lambda s: alerts(s) == [(AlertKind.STOPPED, BEN)], SOON)
        assert Watch(anna).concerns_me(BEN)
        (alert,) = anna.state.features.of(RecentAlerts).recent
        await anna.answer_alert(alert.alert)
        await ben.wait_for(
            lambda s: s.state.features.of(RecentAlerts).recent[0].going == (anna.membership.participant,), SOON
        )
        watch.answer()
        await ben.set_status(Status.PROBLEM)
        await anna.wait_for(lambda s: status_of(s) is Status.PROBLEM, SOON)
        await ben.wait_for(lambda s: status_of(s) is Status.PROBLEM, SOON)
        assert asked == [True, False]
        ride(25, 15.0)
        await anna.wait_for(lambda s: status_of(s) is None, SOON)
