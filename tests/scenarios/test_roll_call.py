"""What clients judge of places reaches the group: who arrives, that all are there, the next stop, hazards ahead."""

from cavalcade.client import Fix, LiveSession, PlaceKind, Post, Watch
from cavalcade.client.place_rules.board import Standing
from cavalcade.domain.features.alerts import AlertKind, RecentAlerts
from cavalcade.domain.features.places import Place, places
from cavalcade.domain.features.posts import PersonPost
from cavalcade.domain.features.regroup import standing
from cavalcade.domain.geo import destination
from tests.scenarios.people import SOON, Group

ANNA, BEN = 1, 2
THERE = (47.66, 9.18)


def told(session: LiveSession) -> list[tuple[AlertKind, int | None]]:
    return sorted((one.kind, one.participant) for one in session.state.features.of(RecentAlerts).recent)


class Rider:
    """Somebody who rides north; what they judge goes by times of long ago, so that nobody waits for it."""

    def __init__(self, watch: Watch, session: LiveSession, metres: float) -> None:
        self._watch = watch
        self._at = session.now() - 3_600_000
        self._metres = metres

    def ride(self, seconds: int, speed: float) -> None:
        """Rides so long, with a fix each second."""
        for _ in range(seconds):
            self._at, self._metres = self._at + 1_000, self._metres + speed
            lat, lon = destination(*THERE, 0 if self._metres >= 0 else 180, abs(self._metres))
            self._watch.take(Fix(lat, lon, self._at, accuracy=5.0, heading=0.0, speed=speed), self._at)


async def test_two_clients_at_once_make_one_event_and_all_here_ends_the_call(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        place = await anna.add_place(PlaceKind.MEET, THERE)
        await anna.call_regroup(place)
        await ben.wait_for(lambda s: standing(s.state) is not None, SOON)
        await anna.wait_for(lambda s: {ANNA, BEN} <= set(s.present), SOON)
        # Each of them looks on two devices, and Ben is not there yet.
        watches = [Watch(anna), Watch(anna), Watch(ben), Watch(ben)]
        near, far = (anna.report(Fix(*THERE)), ben.report(Fix(THERE[0] + 0.1, THERE[1])))
        await anna.wait_for(lambda s: BEN in s.positions, SOON)
        for watch, fix in zip(watches, (near, near, far, far), strict=True):
            assert fix is not None
            watch.take(fix)
        await ben.wait_for(lambda s: told(s) == [(AlertKind.ARRIVAL, ANNA)], SOON)
        board = watches[0].board
        assert board is not None
        assert (board.here, board.awaited, board.is_complete) == (1, 2, False)
        assert [(row.participant, row.standing) for row in board.rows] == [
            (BEN, Standing.COMING),
            (ANNA, Standing.HERE),
        ]
        # A host sees Ben, whatever his phone says.
        await anna.tick_place(place, BEN, here=True)
        await anna.wait_for(lambda s: places(s.state)[0].ticked == (BEN,), SOON)
        for watch in watches:
            watch.look()
        await ben.wait_for(lambda s: standing(s.state) is None, SOON)
        assert told(ben) == [(AlertKind.ALL_HERE, None), (AlertKind.ARRIVAL, ANNA)]
        for watch in watches:
            watch.look()
            assert watch.board is None


async def test_the_lead_stops_and_the_group_meets_there(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        await anna.set_post(Post.LEAD, participant=BEN)
        await ben.wait_for(lambda s: s.state.participants[BEN].features.of(PersonPost).post is Post.LEAD, SOON)
        await anna.call_regroup()
        await ben.wait_for(lambda s: standing(s.state) is not None, SOON)
        rider = Rider(Watch(ben), ben, 0)
        rider.ride(60, 15)
        rider.ride(61, 0)
        await anna.wait_for(lambda s: (call := standing(s.state)) is not None and call.place is not None, SOON)
        (meeting,) = places(anna.state)
        assert (meeting.kind, meeting.participant) == (PlaceKind.MEET, BEN)
        assert (round(meeting.lat, 5), meeting.lon) == (round(destination(*THERE, 0, 900)[0], 5), THERE[1])


async def test_a_hazard_is_told_to_who_comes_there_and_goes_once_the_sweep_is_past(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        await anna.set_post(Post.SWEEP, participant=BEN)
        hazard = await anna.add_place(PlaceKind.HAZARD, THERE)
        await ben.wait_for(lambda s: bool(places(s.state)), SOON)
        heard: list[Place] = []
        rider = Rider(Watch(ben, on_hazard=heard.append), ben, -1_500)
        rider.ride(30, 15)
        assert heard == []
        rider.ride(30, 15)
        assert [one.place for one in heard] == [hazard]
        rider.ride(80, 15)
        await anna.wait_for(lambda s: not places(s.state), SOON)
        assert [one.place for one in heard] == [hazard]
