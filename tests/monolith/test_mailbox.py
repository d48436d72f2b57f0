"""Mailboxes: operations in order and bounded, positions conflated, nothing lost when the reader changes."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.features.sos import RaiseSos, SosKind
from cavalcade.domain.fix import Position
from cavalcade.domain.operations import Operation
from cavalcade.monolith import mailbox as mailbox_module
from cavalcade.monolith.mailbox import (
    MAX_OPERATIONS,
    MAX_TRIES,
    Attach,
    CatchUp,
    Detach,
    Flush,
    Hibernate,
    Mailbox,
    Message,
    Operate,
    Submit,
)
from cavalcade.server.live.send_queue import Missed, SendQueue
from tests.monolith.test_registry import Ears


def _submit(loop: asyncio.AbstractEventLoop) -> Submit:
    return Submit(Operation(1, SetProfile(name="Anna")), loop.create_future())


def _operations(mailbox: Mailbox) -> list[Submit]:
    taken = []
    while (operation := mailbox.take_operation()) is not None:
        taken.append(operation)
    return taken


@given(st.lists(st.sampled_from(["put", "take"]), max_size=3 * MAX_OPERATIONS), st.integers(0, 2 * MAX_OPERATIONS))
def test_operations_leave_in_order_and_are_bounded(steps: list[str], burst: int) -> None:
    loop = asyncio.new_event_loop()
    mailbox = Mailbox()
    waiting: list[Submit] = []
    for step in ["put"] * burst + steps:
        if step == "put":
            submit = _submit(loop)
            assert mailbox.put(submit) is (len(waiting) < MAX_OPERATIONS)
            waiting = [*waiting, submit][:MAX_OPERATIONS]
        else:
            assert mailbox.take_operation() is (waiting.pop(0) if waiting else None)
        assert mailbox.has_operations is bool(waiting)
    assert _operations(mailbox) == waiting
    loop.close()


def test_an_sos_passes_what_waits_and_has_a_bound_of_its_own() -> None:
    loop = asyncio.new_event_loop()
    mailbox = Mailbox()
    ordinary = [_submit(loop) for _ in range(MAX_OPERATIONS + 1)]
    urgent = [
        Submit(Operation(1, RaiseSos(SosKind.LOST, participant=who + 1)), loop.create_future())
        for who in range(MAX_OPERATIONS + 1)
    ]
    assert [mailbox.put(one) for one in ordinary] == [True] * MAX_OPERATIONS + [False]
    assert [mailbox.put(one) for one in urgent] == [True] * MAX_OPERATIONS + [False]
    assert _operations(mailbox) == [*urgent[:-1], *ordinary[:-1]]
    loop.close()


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9), st.integers(0, 99)), max_size=60))
def test_positions_conflate_to_the_newest(reports: list[tuple[int, int, int]]) -> None:
    mailbox = Mailbox()
    newest: dict[int, int] = {}
    for participant, fix_time, lat in reports:
        mailbox.report(participant, Position(fix_time, lat, 0))
        newest[participant] = max(newest.get(participant, 0), fix_time)
        assert len(mailbox) == 1
    taken = {}
    while (one := mailbox.take_position()) is not None:
        assert len(mailbox) == 1
        mailbox.position_taken()
        assert one[0] not in taken
        taken[one[0]] = one[1].fix_time
    assert taken == newest
    assert len(mailbox) == 0


def test_a_position_in_hand_comes_again_and_is_dropped_after_the_last_try() -> None:
    mailbox = Mailbox()
    mailbox.report(1, Position(0, 10, 0))
    first = mailbox.take_position()
    mailbox.report(1, Position(1, 20, 0))  # meanwhile
    assert [mailbox.take_position() for _ in range(MAX_TRIES - 1)] == [first] * (MAX_TRIES - 1)
    with capture_logs() as logs:
        assert mailbox.take_position() == (1, Position(1, 20, 0))
    assert logs == [{"event": "position_given_up", "tries": MAX_TRIES, "log_level": "error"}]
    mailbox.position_taken()
    assert mailbox.take_position() is None
    assert len(mailbox) == 0


async def test_connections_that_want_in_are_bounded_and_those_that_go_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox_module, "MAX_MESSAGES", 3)
    mailbox, loop = Mailbox(), asyncio.get_running_loop()
    send_queue = SendQueue(Ears(), 1, "json", "1")
    assert [mailbox.put(Attach(send_queue, None, loop.create_future())) for _ in range(4)] == [True, True, True, False]
    assert all(mailbox.put(Detach(send_queue)) for _ in range(4))
    assert len(mailbox) == 7


async def test_what_asks_for_the_same_waits_once() -> None:
    mailbox = Mailbox()
    one, two = SendQueue(Ears(), 1, "json", "1"), SendQueue(Ears(), 2, "json", "2")
    missed = Missed(presence=True, positions=False, broadcasts=False)
    for _ in range(3):
        for message in (Flush(), Hibernate(), CatchUp(one, missed), CatchUp(two, missed)):
            assert mailbox.put(message)
    waiting = [await mailbox.get() for _ in range(len(mailbox))]
    assert waiting == [Flush(), Hibernate(), CatchUp(one, missed), CatchUp(two, missed)]


async def test_a_full_mailbox_still_takes_everything_else() -> None:
    mailbox, loop = Mailbox(), asyncio.get_running_loop()
    while mailbox.put(_submit(loop)):
        pass
    mailbox.report(1, Position(0, 0, 0))
    assert mailbox.put(Flush())
    assert [type(await mailbox.get()) for _ in range(2)] == [Operate, Flush]
    assert len(_operations(mailbox)) == MAX_OPERATIONS


@given(st.data())
def test_nothing_is_lost_across_a_change_of_reader(data: st.DataObject) -> None:
    async def scenario() -> None:
        mailbox, loop = Mailbox(), asyncio.get_running_loop()
        sent: list[Message] = []
        received: list[Message] = []

        async def read() -> None:
            while True:
                received.append(await mailbox.get())

        reader = asyncio.create_task(read())
        for step in data.draw(st.lists(st.sampled_from(["detach", "submit", "turn", "crash"]), max_size=40)):
            if step == "turn":
                await asyncio.sleep(0)
            elif step == "crash":
                reader.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reader
                reader = asyncio.create_task(read())
            elif step == "submit":
                sent.append(_submit(loop))
                mailbox.put(sent[-1])
            else:
                sent.append(Detach(SendQueue(Ears(), 1, "json", "1")))
                mailbox.put(sent[-1])
        for _ in range(5):
            await asyncio.sleep(0)
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reader
        assert [one for one in received if not isinstance(one, Operate)] == [
            one for one in sent if not isinstance(one, Submit)
        ]
        submits = [one for one in sent if isinstance(one, Submit)]
        assert _operations(mailbox) == submits
        assert (Operate() in received) is bool(submits)

    asyncio.run(scenario())


async def test_what_is_drained_is_everything_that_somebody_waits_for() -> None:
    mailbox, loop = Mailbox(), asyncio.get_running_loop()
    submits = [_submit(loop) for _ in range(3)]
    for submit in submits:
        mailbox.put(submit)
    mailbox.report(1, Position(0, 0, 0))
    assert [one for one in mailbox.drain() if isinstance(one, Submit)] == submits
    assert len(mailbox) == 0
    assert mailbox.put(submits[0])
    assert isinstance(await mailbox.get(), Operate)
