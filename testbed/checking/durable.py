"""The rules for what is stored: once, in order, and the same for everybody."""

from collections import Counter
from collections.abc import Generator, Iterator

from cavalcade.domain.events import Event
from cavalcade.domain.features.membership import ParticipantJoined
from cavalcade.domain.model import SessionState
from testbed.checking.findings import Finding, Rule, Run, visible
from testbed.checking.history import OVER_HTTP, Ask, Delivered, Joined, MemberHistory, Shown, Strange
from testbed.checking.live import shown


def log(run: Run) -> Iterator[Finding]:
    """Whether the stored events fold into the stored state, and each was asked for once."""
    if visible(run.states[-1]) != visible(run.kept.state) or run.kept.state.offset != len(run.kept.events):
        yield Finding(Rule.LOG, None, f"at offset {run.kept.state.offset}")
    counts = Counter((event.by, event.op_id, event.change.type) for event in run.kept.events if event.op_id)
    for (by, op_id, kind), count in counts.items():
        if count > 1:
            yield Finding(Rule.DOUBLED, by, f"{kind} for the op_id {op_id} {count} times")
    asked = {(member.participant, ask.op_id) for member in run.history.members for ask in member.asks}
    for event in run.kept.events:
        if event.op_id is not None and (event.by, event.op_id) not in asked:
            yield Finding(Rule.UNASKED, event.by, f"offset {event.offset}, {event.change.type}")


def admissions(run: Run) -> Iterator[Finding]:
    """Whether each call to join made one participant at most, and the one that it answered with."""
    joined = [event.change.participant for event in run.kept.events if isinstance(event.change, ParticipantJoined)]
    for admission in run.history.admissions:
        ids = [participant.id for participant in joined if participant.name == admission.name]
        if len(ids) > 1:
            yield Finding(Rule.DOUBLED, None, f"a call to join made the participants {ids}")
        if admission.participant is not None and admission.participant not in ids:
            yield Finding(Rule.LOST, admission.participant, "was told to be in, and has not joined")
    names = {admission.name for admission in run.history.admissions}
    for participant in joined:
        if participant.name not in names:
            yield Finding(Rule.UNASKED, participant.id, "joined")


def asks(run: Run, member: MemberHistory) -> Iterator[Finding]:
    """Whether each operation was answered, and is stored as it was answered."""
    for ask in member.asks:
        offsets = [e.offset for e in run.kept.events if (e.by, e.op_id) == (member.participant, ask.op_id)]
        what = f"{ask.operation}, asked for {ask.times} times"
        if ask.offset is not None:
            known = ask.offset < len(run.states)
            told_last = not offsets or offsets[-1] == ask.offset
            if not (known and told_last and _is_in_effect(ask, member.participant, run.states[ask.offset])):
                yield Finding(Rule.LOST, member.participant, f"{what}; answered with offset {ask.offset}", ask.at)
        elif run.stays(member) and ask.refusal is not None:
            yield Finding(Rule.REFUSED, member.participant, f"{what}: {ask.refusal}", ask.at)
        elif run.stays(member):  # people who have left need no other answer
            if ask.answered_at is not None:  # over HTTP, where no offset comes back
                yield Finding(Rule.LOST, member.participant, what, ask.at)
            elif ask.op_id != OVER_HTTP:
                yield Finding(Rule.UNANSWERED, member.participant, what, ask.at)


def _is_in_effect(ask: Ask, participant: int, state: SessionState) -> bool:
    """Whether a state is as an operation wants it."""
    person = state.participants.get(participant)
    if ask.operation == "leave":
        return person is None
    if ask.operation == "session:set":
        return "name" not in ask.payload or ask.payload["name"] == state.session.name
    if person is None:
        return False
    wanted = {"name": person.name, "color": person.color, "on": person.sharing}
    return all(wanted[name] == value for name, value in ask.payload.items() if name in wanted)


def deliveries(run: Run, member: MemberHistory) -> Iterator[Finding]:
    """Follows one member through all connections: `known` is the offset up to which they have been told."""
    who, known = member.participant, 0
    for record in member.records:
        match record:
            case Strange():
                yield Finding(Rule.FOREIGN, who, record.what, record.at)
            case Joined():
                known = yield from _join(run, who, known, record)
                yield from shown(run, who, known, record)
            case Delivered():
                known = yield from _delivery(run, who, known, record.event, record.at)
            case Shown():
                yield from shown(run, who, known, record)
            case _:
                pass
    if not run.stays(member):
        return
    if not member.is_joined:
        yield Finding(Rule.AWAY, who, "not connected", run.end)
    elif known != len(run.kept.events):
        yield Finding(Rule.BEHIND, who, f"told up to {known} of {len(run.kept.events)}", run.end)
    elif visible(member.state) != visible(run.kept.state):
        yield Finding(Rule.BEHIND, who, "the client shows another state than is stored", run.end)


def _join(run: Run, who: int, known: int, joined: Joined) -> Generator[Finding, None, int]:
    """The answer to a join: what was missed, or a snapshot that is no step back."""
    if joined.state is None:
        for event in joined.events:
            known = yield from _delivery(run, who, known, event, joined.at)
        if known != joined.offset:
            yield Finding(Rule.ORDER, who, f"joined at {joined.offset}, told up to {known}", joined.at)
        return joined.offset
    if joined.offset < known:
        yield Finding(Rule.ORDER, who, f"a snapshot of {joined.offset} after {known}", joined.at)
    if joined.offset >= len(run.states) or visible(joined.state) != visible(run.states[joined.offset]):
        yield Finding(Rule.TRUTH, who, f"the snapshot at {joined.offset}", joined.at)
    return joined.offset


def _delivery(run: Run, who: int, known: int, event: Event, at: int) -> Generator[Finding, None, int]:
    """One event; returns up to where the member has been told then."""
    if event.offset != known + 1:
        yield Finding(Rule.ORDER, who, f"event {event.offset} after {known}", at)
    if event.offset > len(run.kept.events) or run.kept.events[event.offset - 1] != event:
        yield Finding(Rule.TRUTH, who, f"event {event.offset}, {event.change.type}", at)
    return event.offset
