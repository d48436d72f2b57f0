import asyncio
import dataclasses
import itertools
import json
import time
from collections.abc import Iterator

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cavalcade.domain import session as rules
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import ContentLeftOut, Event, UnknownChange
from cavalcade.domain.feature import Command, Issuer
from cavalcade.domain.features.chat import MessageSent, SendMessage
from cavalcade.domain.features.ending import EndSession, Expire
from cavalcade.domain.features.hosting import ClaimHost
from cavalcade.domain.features.membership import Join, Leave, ParticipantJoined
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.features.sharing import SetSharing
from cavalcade.domain.model import Limits, Role, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.storage.errors import Conflict
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import FORGOTTEN, End, Outcome, Stored
from tests import notes
from tests.domain.strategies import examples

Database = asyncpg.Connection

NOW = 1_800_000_000_000
LIMITS = Limits(max_participants=5)
MEMBER = Join(Role.MEMBER)
_numbers = itertools.count()


def empty(limits: Limits = LIMITS) -> Stored:
    """A session that nobody is in yet, under an id of its own."""
    return Stored(rules.found(f"s{next(_numbers):09}", None, None, NOW, limits), 1, b"c" * 32, b"v" * 32)


def at(base: Stored, state: SessionState) -> Stored:
    return dataclasses.replace(base, state=state)


def apply(
    base: Stored, command: Command, by: int | None = None, now: int = NOW, **about: str
) -> tuple[list[Event], Stored]:
    events = rules.decide(base.state, Operation(by, command, **about), now, LIMITS)
    return events, at(base, rules.replay(base.state, events))


async def stored_with(store: SessionStore, *commands: tuple[int | None, Command], now: int = NOW) -> Stored:
    current = empty()
    await store.insert(current, [])
    for by, command in commands:
        events, after = apply(current, command, by, now)
        await store.append(current, events, after.state)
        current = after
    return current


async def test_a_new_session_is_read_back_with_its_people_and_events(store: SessionStore) -> None:
    founded = empty()
    events, first = apply(founded, MEMBER)
    assert await store.insert(first, events) is None
    assert await store.load(first.state.session.id) == first
    assert await store.events_after(first.state.session.id, 0) == events


async def test_what_there_is_not(store: SessionStore) -> None:
    assert await store.load("nothing000") is None
    assert await store.load_many([]) == {}
    assert await store.offsets(["nothing000"]) == {}
    assert await store.events_after("nothing000", 0) == []
    assert await store.recall("nothing000", 1, "a") is None


names = st.sampled_from([None, "", "Anna Berg", "Ωμέγα", "👩‍👩‍👧", 'quote " and \\ and %s :name $1'])
commands = st.one_of(
    st.builds(Join, st.sampled_from([Role.MEMBER, Role.VIEWER]), names, st.sampled_from([None, "#00ff00"])),
    examples(),
    st.builds(SetProfile, names, st.sampled_from([None, "#abcdef"])),
    st.builds(ClaimHost, st.sampled_from([None, 0])),
    st.builds(SetSession, names, st.sampled_from([None, 1, 60])),
)
written = notes.commands()
steps = st.lists(
    st.tuples(st.integers(1, 4), commands | written, st.text("abc-!", min_size=1, max_size=9)), min_size=4, max_size=25
)
endings = st.sampled_from([None, EndSession(), Expire()])


@pytest.fixture
def with_notes() -> Iterator[None]:
    with notes.registered():
        yield


@pytest.mark.usefixtures("with_notes")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, ending=endings)
async def test_the_stored_session_is_the_folded_one(
    store: SessionStore, steps: list[tuple[int, Command, str]], ending: Command | None
) -> None:
    founded = current = empty()
    session_id = founded.state.session.id
    history, current = apply(founded, MEMBER)
    await store.insert(current, history)
    late = founded.state.session.expires_at + 60_000_000
    asked = [(number, command, op_id, NOW + number) for number, command, op_id in steps]
    if ending is not None:
        host = current.state.host
        assert host is not None
        asked.append((host.id, ending, "end", late if isinstance(ending, Expire) else NOW))
    for number, command, op_id, now in asked:
        by = number if command.issuer is Issuer.PARTICIPANT else None
        try:
            events, after = apply(current, command, by, now, op_id=op_id)
        except Rejected:
            continue
        await store.append(current, events, after.state)
        history, current = history + events, after
    at = rules.next_at(current.state)
    assert (session_id in await store.timed(2**62, limit=1000)) is (at is not None)
    if at is not None:
        assert session_id not in await store.timed(at - 1, limit=1000)
    gone = {offset for event in history for offset in event.scrubs}
    history = [event.without_content() if event.offset in gone else event for event in history]
    assert await store.load(session_id) == current
    assert await store.events_after(session_id, 0) == history
    assert rules.replay(founded.state, await store.events_after(session_id, 0)) == current.state
    assert await store.offsets([session_id]) == {session_id: (1, current.state.offset)}


async def test_many_are_read_at_once(store: SessionStore) -> None:
    made = [await stored_with(store, *[(None, MEMBER)] * people) for people in range(4)]
    loaded = await store.load_many([*(each.state.session.id for each in made), "nothing000"])
    assert loaded == {each.state.session.id: each for each in made}


async def test_a_full_session_is_read_quickly(store: SessionStore) -> None:
    founded = empty(Limits(max_participants=200))
    current, history = founded, list[Event]()
    for _ in range(200):
        events, current = apply(current, MEMBER)
        history += events
    await store.insert(current, history)
    await store.load(current.state.session.id)
    begun = time.perf_counter()
    assert await store.load(current.state.session.id) == current
    assert time.perf_counter() - begun < 0.5  # about 2 ms where nothing else runs


async def test_events_come_in_pages(store: SessionStore) -> None:
    current = await stored_with(store, *[(None, MEMBER)] * 5)
    session_id = current.state.session.id
    page = await store.events_after(session_id, 1, limit=2)
    assert [event.offset for event in page] == [2, 3]
    assert [event.offset for event in await store.events_after(session_id, 3)] == [4, 5]
    assert await store.events_after(session_id, 5) == []


async def test_events_of_a_newer_version_keep_their_place(store: SessionStore, database: Database) -> None:
    current = await stored_with(store, (None, MEMBER), (None, MEMBER))
    await database.execute("""UPDATE events SET type = 'flag_raised', data = '{"flag": 1}' WHERE "offset" = 2""")
    known, unknown = await store.events_after(current.state.session.id, 0)
    assert isinstance(known.change, ParticipantJoined)
    assert (unknown.offset, unknown.change) == (2, UnknownChange("flag_raised", {"flag": 1}))


async def test_what_a_newer_version_keeps_survives_an_append_of_this_one(
    store: SessionStore, database: Database
) -> None:
    made = await stored_with(store, (None, MEMBER), (None, MEMBER))
    session_id = made.state.session.id
    newer = {"notes": {"written": [1], "pinned": 1}, "polls": [{"lat": 1.5}]}
    await database.execute("UPDATE sessions SET features = $1", json.dumps(newer))
    await database.execute("UPDATE participants SET features = $1 WHERE id = 2", json.dumps(newer))
    base = await store.load(session_id)
    assert base is not None
    for by, command in ((2, SetProfile("Benny")), (1, SetSession("Tour"))):
        events, after = apply(base, command, by)
        await store.append(base, events, after.state)
        base = after
    assert await store.load(session_id) == base
    assert json.loads(await database.fetchval("SELECT features FROM sessions")) == newer
    assert json.loads(await database.fetchval("SELECT features FROM participants WHERE name = 'Benny'")) == newer


@pytest.mark.usefixtures("with_notes")
async def test_what_is_scrubbed_is_gone_with_the_append(store: SessionStore, database: Database) -> None:
    base = await stored_with(store, (None, MEMBER))
    session_id = base.state.session.id
    for op_id, text in (("a", "a secret"), ("b", "kept")):
        events, after = apply(base, notes.WriteNote(text), 1, op_id=op_id, digest=f"of {text}")
        outcome = Outcome(f"of {text}", {"offset": after.state.offset})
        await store.append(base, events, after.state, memory=(1, op_id), outcome=outcome)
        base = after
    events, after = apply(base, notes.EraseNote(2), 1)
    await store.append(base, events, after.state)
    stored = await store.events_after(session_id, 1)
    assert [type(event.change) for event in stored] == [ContentLeftOut, notes.NoteWritten, notes.NoteErased]
    assert [(event.audience, event.scrubs) for event in stored] == [("members", ()), ("members", ()), ("members", (2,))]
    assert await store.recall(session_id, 1, "a") == Outcome(FORGOTTEN, {"offset": 2})
    assert await store.recall(session_id, 1, "b") == Outcome("of kept", {"offset": 3})
    for table in ("sessions", "participants", "events", "outcomes"):
        rows = await database.fetch(f"SELECT row_to_json(t)::text AS row FROM {table} t")
        assert not [row for row in rows if "a secret" in row["row"]]


@pytest.mark.usefixtures("with_notes")
async def test_nothing_is_scrubbed_by_an_append_that_is_refused(store: SessionStore) -> None:
    old = await stored_with(store, (None, MEMBER), (1, notes.WriteNote("stays")))
    events, current = apply(old, MEMBER)
    await store.append(old, events, current.state)
    stale, after = apply(old, notes.EraseNote(2), 1)
    with pytest.raises(Conflict):
        await store.append(old, stale, after.state)
    (_, written, _) = await store.events_after(old.state.session.id, 0)
    assert written.change == notes.NoteWritten(1, "stays")


@pytest.mark.usefixtures("with_notes")
async def test_what_is_due_is_found_when_it_is_and_until_it_has_happened(
    store: SessionStore, database: Database
) -> None:
    write = notes.WriteNote("gone soon", fades_s=60)
    base = await stored_with(store, (None, MEMBER), (1, write), (1, notes.WriteNote("stays")))
    session_id, at = base.state.session.id, NOW + 60_000
    assert await store.timed(at - 1) == []
    assert await store.timed(at) == [session_id]
    assert await store.timed(at, left_out=[session_id]) == []
    events, after = apply(base, rules.Elapse(), now=at)
    assert [(event.by, event.change) for event in events] == [(None, notes.NoteErased(2))]
    other = await stored_with(store, (None, MEMBER))
    await store.append(base, events, after.state)
    assert apply(after, rules.Elapse(), now=at + 1)[0] == []
    assert await store.timed(2**62) == []
    with pytest.raises(Conflict):  # another process found the same at the same moment
        await store.append(base, events, after.state)
    assert await database.fetchval("SELECT count(*) FROM due WHERE session_id = $1", other.state.session.id) == 0


@pytest.mark.usefixtures("with_notes")
async def test_nothing_is_due_in_a_session_that_is_over_and_nothing_stays_of_it(
    store: SessionStore, database: Database
) -> None:
    write = notes.WriteNote("gone soon", fades_s=60)
    first = await stored_with(store, (None, MEMBER), (1, write), (1, EndSession()))
    expired = await stored_with(store, (None, MEMBER), (1, write))
    now = expired.state.session.expires_at
    events, after = apply(expired, Expire(), now=now)
    await store.end([End(expired, events[0], after.state)])
    assert await store.timed(2**62) == []
    assert set(await store.purge(now)) == {first.state.session.id, expired.state.session.id}
    assert await database.fetchval("SELECT count(*) FROM due") == 0


async def test_only_what_is_stored_already_can_be_scrubbed(store: SessionStore) -> None:
    base = await stored_with(store, (None, MEMBER))
    events, after = apply(base, SetProfile("Benny"), 1)
    with pytest.raises(ValueError, match="stored already"):
        await store.append(base, [dataclasses.replace(events[0], scrubs=(2,))], after.state)


async def test_an_append_on_an_old_offset_writes_nothing(store: SessionStore) -> None:
    old = await stored_with(store, (None, MEMBER))
    events, current = apply(old, MEMBER)
    await store.append(old, events, current.state)
    stale, after = apply(old, Leave(), by=1)
    with pytest.raises(Conflict):
        await store.append(old, stale, after.state, memory=(1, "a"), outcome=Outcome("d", {}))
    assert await store.load(old.state.session.id) == current
    assert await store.recall(old.state.session.id, 1, "a") is None


async def test_an_owner_of_an_older_epoch_writes_nothing(store: SessionStore, database: Database) -> None:
    old = await stored_with(store, (None, MEMBER))
    await database.execute("UPDATE sessions SET epoch = 2")
    events, after = apply(old, MEMBER)
    with pytest.raises(Conflict):
        await store.append(old, events, after.state)
    new = dataclasses.replace(old, epoch=2)
    assert await store.load(old.state.session.id) == new
    await store.append(new, events, after.state)
    assert await store.offsets([old.state.session.id]) == {old.state.session.id: (2, 2)}


async def test_nothing_follows_the_end(store: SessionStore) -> None:
    ended = await stored_with(store, (None, MEMBER), (1, EndSession()))
    assert ended.state.ended == "ended"
    assert await store.load(ended.state.session.id) == ended
    with pytest.raises(Conflict):
        await store.append(ended, [], ended.state, memory=(1, "a"), outcome=Outcome("d", {}))


async def test_an_append_to_a_session_that_is_gone(store: SessionStore) -> None:
    nowhere = empty()
    events, after = apply(nowhere, MEMBER)
    with pytest.raises(Conflict):
        await store.append(nowhere, events, after.state)


async def test_of_two_appends_at_once_exactly_one_wins(store: SessionStore) -> None:
    base = await stored_with(store, (None, MEMBER))
    session_id = base.state.session.id
    for _ in range(20):
        offers = [apply(base, SetProfile(name=f"Rider {base.state.offset} {offer}"), by=1) for offer in range(4)]
        answers = await asyncio.gather(
            *(store.append(base, events, after.state) for events, after in offers), return_exceptions=True
        )
        winners = [after for answer, (_, after) in zip(answers, offers, strict=True) if answer is None]
        assert len(winners) == 1
        assert sum(isinstance(answer, Conflict) for answer in answers) == 3
        base = winners[0]
    assert await store.load(session_id) == base
    assert [event.offset for event in await store.events_after(session_id, 0)] == list(range(1, 22))


async def test_while_a_session_is_locked_others_wait_and_then_meet_what_was_written(
    store: SessionStore, database: Database
) -> None:
    base = await stored_with(store, (None, MEMBER))
    session_id = base.state.session.id
    theirs, their_state = apply(base, SetProfile(name="Theirs"), by=1)
    async with store.locked(session_id) as locked:
        current = await locked.load(session_id)
        assert current == base
        appending = asyncio.create_task(store.append(base, theirs, their_state.state))
        while not await database.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not appending.done()
        ours, our_state = apply(base, SetProfile(name="Ours"), by=1)
        await locked.append(base, ours, our_state.state)
        assert await store.load(session_id) == base  # nobody sees what is not committed
    with pytest.raises(Conflict):
        await appending
    assert await store.load(session_id) == our_state


async def test_what_was_written_under_a_lock_is_discarded_with_an_exception(store: SessionStore) -> None:
    base = await stored_with(store, (None, MEMBER))
    events, after = apply(base, SetProfile(name="Anna"), by=1)

    async def fail_after_writing() -> None:
        async with store.locked(base.state.session.id) as locked:
            await locked.append(base, events, after.state)
            raise Rejected(ErrorCode.UNAUTHORIZED, "Something went wrong after all.")

    with pytest.raises(Rejected):
        await fail_after_writing()
    assert await store.load(base.state.session.id) == base
    await store.append(base, events, after.state)  # the lock is gone, and each statement is committed again
    assert await store.load(base.state.session.id) == after


async def test_twenty_who_join_at_once_get_twenty_offsets(store: SessionStore) -> None:
    founded = empty(Limits(max_participants=20))
    session_id = founded.state.session.id
    await store.insert(founded, [])

    async def join(number: int) -> None:
        while True:
            base = await store.load(session_id)
            assert base is not None
            events, after = apply(base, Join(Role.MEMBER, f"Rider {number}"))
            try:
                await store.append(
                    base,
                    events,
                    after.state,
                    memory=(0, f"{number}"),
                    outcome=Outcome("", {"offset": after.state.offset}),
                )
            except Conflict:
                continue
            return

    await asyncio.gather(*(join(number) for number in range(20)))
    events = await store.events_after(session_id, 0)
    assert [event.offset for event in events] == list(range(1, 21))
    loaded = await store.load(session_id)
    assert loaded == at(founded, rules.replay(founded.state, events))
    assert {person.name for person in loaded.state.participants.values()} == {f"Rider {n}" for n in range(20)}
    remembered = [await store.recall(session_id, 0, f"{number}") for number in range(20)]
    assert {outcome.reply["offset"] for outcome in remembered if outcome} == set(range(1, 21))


async def test_outcomes_are_remembered_by_participant_and_id(store: SessionStore) -> None:
    base = await stored_with(store, (None, MEMBER), (None, MEMBER))
    session_id = base.state.session.id
    reply = {"offset": 3, "accepted": None, "nested": ["ä", 1.5]}
    events, after = apply(base, SetSharing(on=False), by=1, op_id="once")
    await store.append(base, events, after.state, memory=(1, "once"), outcome=Outcome("digest", reply))
    assert await store.recall(session_id, 1, "once") == Outcome("digest", reply)
    assert await store.recall(session_id, 2, "once") is None
    assert await store.recall(session_id, 1, "twice") is None

    again, later = apply(after, SetSharing(on=True), by=1, op_id="once")
    with pytest.raises(Conflict, match="remembered"):
        await store.append(after, again, later.state, memory=(1, "once"), outcome=Outcome("other", {}))
    assert await store.load(session_id) == after
    assert await store.recall(session_id, 1, "once") == Outcome("digest", reply)
    await store.append(after, again, later.state, memory=(2, "once"), outcome=Outcome("other", {}))


async def test_an_operation_that_changed_nothing_is_remembered_too(store: SessionStore) -> None:
    base = await stored_with(store, (None, MEMBER))
    session_id = base.state.session.id
    await store.append(base, [], base.state, memory=(1, "nothing"), outcome=Outcome("d", {"offset": 1}))
    assert await store.load(session_id) == base
    assert await store.recall(session_id, 1, "nothing") == Outcome("d", {"offset": 1})
    events, after = apply(base, MEMBER)
    await store.append(base, events, after.state)
    with pytest.raises(Conflict):
        await store.append(base, [], base.state, memory=(1, "stale"), outcome=Outcome("d", {"offset": 1}))


async def test_a_hole_is_refused_before_it_is_sent(store: SessionStore) -> None:
    base = await stored_with(store, (None, MEMBER))
    events, after = apply(base, MEMBER)
    shifted = [dataclasses.replace(event, offset=event.offset + 1) for event in events]
    with pytest.raises(ValueError, match="holes"):
        await store.append(base, shifted, after.state)
    with pytest.raises(ValueError, match="not folded"):
        await store.append(base, events, base.state)
    assert await store.load(base.state.session.id) == base


async def test_a_creation_again_answers_with_the_first_session(store: SessionStore) -> None:
    first, second = empty(), empty()
    assert await store.insert(first, [], key_hash="key", digest="content") is None
    assert await store.insert(second, [], key_hash="key", digest="content") == first.state.session.id
    assert await store.load(second.state.session.id) is None
    assert await store.insert(first, [], key_hash="key", digest="content") == first.state.session.id
    with pytest.raises(Rejected) as caught:
        await store.insert(empty(), [], key_hash="key", digest="other content")
    assert caught.value.code is ErrorCode.OP_ID_REUSED


async def test_creations_at_once_make_one_session(store: SessionStore, database: Database) -> None:
    offers = [empty() for _ in range(8)]
    answers = await asyncio.gather(*(store.insert(offer, [], key_hash="key", digest="d") for offer in offers))
    winner = offers[answers.index(None)].state.session.id
    assert sorted(map(str, answers)) == sorted(["None", *[winner] * 7])
    assert await database.fetchval("SELECT count(*) FROM sessions") == 1


async def test_an_id_that_is_taken(store: SessionStore) -> None:
    first = empty()
    await store.insert(first, [])
    with pytest.raises(Conflict):
        await store.insert(dataclasses.replace(first, code_hash=b"other"), [])
    assert await store.load(first.state.session.id) == first


async def test_due_are_those_past_their_time_that_nobody_ended(store: SessionStore) -> None:
    living, ended = (
        await stored_with(store, (None, MEMBER)),
        await stored_with(store, (None, MEMBER), (1, EndSession())),
    )
    expires_at = living.state.session.expires_at
    assert ended.state.session.expires_at == expires_at
    assert await store.due(expires_at - 1) == []
    assert await store.due(expires_at) == [living.state.session.id]
    events, after = apply(living, Expire(), now=expires_at)
    await store.append(living, events, after.state)
    assert await store.due(expires_at) == []


async def test_due_and_purge_take_a_few_at_a_time(store: SessionStore) -> None:
    made = [await stored_with(store, (None, MEMBER)) for _ in range(5)]
    assert len(await store.due(NOW * 2, limit=3)) == 3
    for each in made:
        events, after = apply(each, EndSession(), by=1)
        await store.append(each, events, after.state)
    assert [len(await store.purge(NOW, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


def end_of(stored: Stored) -> End:
    """How a session ends whose time is over."""
    (event,), after = apply(stored, Expire(), now=stored.state.session.expires_at)
    return End(stored, event, after.state)


async def test_many_end_in_one_statement_each_as_an_append_would(store: SessionStore) -> None:
    one, moved, over, taken = [await stored_with(store, (None, MEMBER)) for _ in range(4)]
    ends = [end_of(each) for each in (one, moved, over, taken)]
    events, after = apply(moved, MEMBER)
    await store.append(moved, events, after.state)
    events, gone = apply(over, EndSession(), by=1)
    await store.append(over, events, gone.state)
    await store.take_over([taken])

    assert await store.end(ends) == {one.state.session.id}, "the others are not as they were when this was decided"
    assert await store.load(one.state.session.id) == dataclasses.replace(one, state=ends[0].after)
    assert await store.events_after(one.state.session.id, one.state.offset) == [ends[0].event]
    assert await store.load(moved.state.session.id) == after
    assert await store.load(over.state.session.id) == gone
    for each in (moved, over):
        assert ends[1].event not in await store.events_after(each.state.session.id, 0)
    assert await store.end(ends) == set()
    assert await store.end([]) == set()
    assert await store.purge(ends[0].event.at - 1) == [over.state.session.id]
    assert await store.purge(ends[0].event.at) == [one.state.session.id]


async def test_ends_at_once_end_each_session_once(store: SessionStore) -> None:
    made = [await stored_with(store, (None, MEMBER)) for _ in range(40)]
    ends = [end_of(each) for each in made]
    ended = [await each for each in asyncio.as_completed([store.end(ends), store.end(ends[::-1]), store.end(ends)])]
    ended.append(await store.end(ends))  # what was in another's hands
    assert sorted(name for each in ended for name in each) == sorted(each.state.session.id for each in made)


async def test_what_is_no_end_is_refused(store: SessionStore) -> None:
    living = await stored_with(store, (None, MEMBER))
    (event,), after = apply(living, MEMBER)
    with pytest.raises(ValueError, match="must end"):
        await store.end([End(living, event, after.state)])


async def test_due_leaves_out_what_it_is_told_to(store: SessionStore) -> None:
    made = [(await stored_with(store, (None, MEMBER))).state.session.id for _ in range(3)]
    assert await store.due(NOW * 2, left_out=made[:2]) == made[2:]


async def test_what_a_clock_ended_that_was_ahead_is_purged_as_well(store: SessionStore) -> None:
    ahead = await stored_with(store, (None, MEMBER))
    end = end_of(ahead)
    await store.end([end])
    assert await store.purge(NOW) == []
    assert await store.purge(NOW, ahead=end.event.at) == []
    assert await store.purge(NOW, ahead=end.event.at - 1) == [ahead.state.session.id]


async def everything(database: Database) -> dict[str, list[str]]:
    """What is in each table of the database, whatever tables there are."""
    tables = await database.fetch(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
    )
    names = [row["table_name"] for row in tables]
    return {name: [r["row"] for r in await database.fetch(f'SELECT t::text AS row FROM "{name}" t')] for name in names}


@pytest.mark.usefixtures("with_notes")
async def test_a_purge_leaves_nothing_of_an_ended_session(store: SessionStore, database: Database) -> None:
    founded = empty()
    history, gone = apply(founded, MEMBER)
    await store.insert(gone, history, key_hash="key", digest="d")
    events, after = apply(gone, MEMBER)
    await store.append(gone, events, after.state, memory=(0, "a"), outcome=Outcome("d", {"offset": 2}))
    events, noted = apply(after, notes.WriteNote("gone soon", fades_s=60), by=1)
    await store.append(after, events, noted.state)
    events, ended = apply(noted, EndSession(), by=1, now=NOW + 5)
    await store.append(noted, events, ended.state, memory=(1, "b"), outcome=Outcome("d", {"offset": 4}))
    assert all((await everything(database)).values())
    living = await stored_with(store, (None, MEMBER))

    assert await store.purge(NOW + 4) == []
    assert await store.purge(NOW + 5) == [gone.state.session.id]
    assert await store.load(gone.state.session.id) is None
    assert not any(gone.state.session.id in row for rows in (await everything(database)).values() for row in rows)
    assert await store.load(living.state.session.id) == living
    assert await store.insert(empty(), [], key_hash="key", digest="another") is None


async def test_purges_at_once_delete_each_session_once(store: SessionStore) -> None:
    made = [await stored_with(store, (None, MEMBER), (1, EndSession())) for _ in range(12)]
    answers = await asyncio.gather(*(store.purge(NOW, limit=5) for _ in range(3)))
    purged = [session_id for answer in answers for session_id in answer]
    assert len(purged) == len(set(purged))
    rest = await store.purge(NOW)
    assert {*purged, *rest} == {each.state.session.id for each in made}


async def test_messages_are_read_newest_first_before_an_offset_and_only_those_that_are_kept(
    store: SessionStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MessageSent, "most", 3)
    said = [(1, SendMessage(f"{number}")) for number in range(5)]
    base = await stored_with(store, (None, MEMBER), *said[:2], (None, MEMBER), *said[2:])
    session_id = base.state.session.id
    one_op = Outcome("digest of a short text", {"offset": 3})
    await store.append(base, [], base.state, memory=(1, "op"), outcome=one_op)
    await database.execute("UPDATE events SET op_id = 'op' WHERE session_id = $1 AND \"offset\" = 3", session_id)

    async def read(before: int, limit: int = 50) -> list[tuple[int, str | None]]:
        found = await store.newest_of_type(session_id, MessageSent, before, limit)
        return [(one.offset, getattr(one.change, "text", None)) for one in found]

    assert await read(100) == [(7, "4"), (6, "3"), (5, "2")]
    assert await read(100, 1) == [(7, "4")]
    assert await read(7) == [(6, "3"), (5, "2")]
    assert [await store.first_shown(session_id, MessageSent, 2, shown) for shown in (0, 1, 2, 3)] == [4, 3, 1, 1]
    assert [await store.first_shown(session_id, MessageSent, 1, shown) for shown in (0, 1)] == [1, 1]
    assert await store.forget_old(session_id, MessageSent) == 2
    assert await store.forget_old(session_id, MessageSent) == 0
    assert await read(100) == [(7, "4"), (6, "3"), (5, "2")]
    content = {event.offset: event.has_content for event in await store.events_after(session_id, 0)}
    assert content == {1: True, 2: False, 3: False, 4: True, 5: True, 6: True, 7: True}
    assert await store.recall(session_id, 1, "op") == Outcome(FORGOTTEN, {"offset": 3})
