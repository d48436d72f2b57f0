"""Twelve riders called together, three missing for three reasons, and the process with the sockets killed meanwhile."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from cavalcade.client import AlertKind, Watch, connect, create_session, join_session
from cavalcade.client.place_rules.board import Standing
from cavalcade.domain.features.alerts import AlertRaised
from cavalcade.domain.features.regroup import RegroupCalled, RegroupEnd, RegroupEnded
from cavalcade.domain.features.regroup import standing as call_of
from cavalcade.simulate.regrouping import Reason, Times
from cavalcade.simulate.ride import Plan, Ride, rider_name
from cavalcade.simulate.route import lake_tour
from cavalcade.stack import postgres
from cavalcade.storage.sessions import SessionStore
from testbed.faults.table import OWN
from testbed.installations.installation import Installation
from tests.faults.test_sos import kill

RIDERS = 12
IN_TIME = 300.0
LOOK_S = 0.25
SEEN_AS = {
    Reason.STOPPED: Standing.STANDS,
    Reason.SILENT: Standing.NO_NEWS,
    Reason.TURNED_BACK: Standing.AWAY,
}


class Board:
    """What somebody who only watches sees of the roll call."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def standings(self) -> Mapping[int, Standing]:
        self._watch.look()
        board = self._watch.board
        return {} if board is None else {row.participant: row.standing for row in board.rows}

    async def shows(self, wanted: Mapping[int, Standing]) -> float:
        """Waits until it shows that, and says at which second of the loop's clock."""
        async with asyncio.timeout(IN_TIME):
            while dict(self.standings()) != wanted:  # noqa: ASYNC110 - what is judged changes with time, too
                await asyncio.sleep(LOOK_S)
        return asyncio.get_running_loop().time()


@pytest.mark.long
@pytest.mark.parametrize("running", [(backend, 1) for backend in OWN], ids=list(OWN), indirect=True, scope="session")
async def test_the_board_says_who_is_missing_and_why_and_all_here_is_told_once(
    running: Installation, record_property: Callable[[str, object], None]
) -> None:
    times = Times(ride_s=5, missing_s=130, ahead_m=250)
    host = await create_session(running.public_url, host_name=rider_name(0))
    assert host.code is not None
    ride = Ride(Plan([lake_tour()], RIDERS, seed=3, regroups=times))
    riding = asyncio.create_task(ride.run((host.server, host.code), host))
    loop = asyncio.get_running_loop()
    try:
        async with connect(await join_session(host.viewer_link or "")) as viewer:
            await viewer.wait_for(lambda s: len(s.positions) == RIDERS, IN_TIME)
            await viewer.wait_for(lambda s: call_of(s.state) is not None, IN_TIME)
            called_at = loop.time()
            assert ride.regrouping is not None
            ids = {one.name: who for who, one in viewer.state.participants.items()}
            missing = {ids[rider_name(number)]: why for number, why in ride.regrouping.missing.items()}
            assert set(missing.values()) == set(Reason)
            await kill(running, OWN[running.backend][0])
            board = Board(Watch(viewer))
            riders = [who for who, one in viewer.state.participants.items() if one.role != "viewer"]
            wanted = {who: SEEN_AS[missing[who]] if who in missing else Standing.HERE for who in riders}
            record_property("board_right_s", round(await board.shows(wanted) - called_at, 1))
            await viewer.wait_for(lambda s: call_of(s.state) is None, IN_TIME)
            record_property("all_here_s", round(loop.time() - called_at, 1))
    finally:
        ride.stop()
        await riding
    store = SessionStore.open(postgres.url(running.data / "run" / "postgres"))
    changes = [event.change for event in await store.events_after(host.session_id, 0)]
    await store.close()
    calls = [one for one in changes if isinstance(one, RegroupCalled)]
    assert next(one for one in changes if isinstance(one, RegroupEnded)) == RegroupEnded(None, RegroupEnd.ALL_HERE)
    alerts = [one for one in changes if isinstance(one, AlertRaised) and one.place == calls[0].place]
    assert sorted(one.participant or 0 for one in alerts if one.kind is AlertKind.ARRIVAL) == sorted(riders)
    assert [one.participant for one in alerts if one.kind is AlertKind.ALL_HERE] == [None]
    assert not [one for one in alerts if one.kind is AlertKind.DEPARTURE]
