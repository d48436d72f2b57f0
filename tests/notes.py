"""A feature that is not shipped: people write notes. With it, tests show what there is room for.

`registered` adds it to the registry as `domain.session` adds those that are shipped.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final

from hypothesis import strategies as st

from cavalcade.domain import session
from cavalcade.domain.feature import Change, Command, Feature, Situation
from cavalcade.domain.fields import Text, Whole
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Participant, SessionState


@dataclass(frozen=True, slots=True)
class Note:
    """One note, and who wrote it."""

    by: int
    text: str


@dataclass(frozen=True, slots=True)
class Notes(Kept):
    """The notes that stand, by the offsets of their events; and those of any time, in order."""

    key: ClassVar[str] = "notes"
    standing: Mapping[str, Note] = field(default_factory=dict, hash=False)
    written: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Writer(Kept):
    """How much somebody has written."""

    key: ClassVar[str] = "writer"
    notes: int = 0


@dataclass(frozen=True, slots=True)
class NoteWritten(Change):
    """Somebody wrote a note."""

    type: ClassVar[str] = "note_written"
    participant: int
    text: str

    def evolve(self, state: SessionState) -> SessionState:
        """It stands, and is counted for who wrote it."""
        offset, notes = state.offset + 1, state.features.of(Notes)
        standing = {**notes.standing, str(offset): Note(self.participant, self.text)}
        notes = Notes(standing, (*notes.written, offset))
        return replace(state, features=state.features.put(notes)).with_changed(self.participant, _counted)


@dataclass(frozen=True, slots=True)
class NoteErased(Change):
    """A note is gone."""

    type: ClassVar[str] = "note_erased"
    note: int

    def evolve(self, state: SessionState) -> SessionState:
        """It stands no more."""
        notes = state.features.of(Notes)
        standing = {offset: note for offset, note in notes.standing.items() if offset != str(self.note)}
        return replace(state, features=state.features.put(replace(notes, standing=standing)))


@dataclass(frozen=True, slots=True)
class WriteNote(Command):
    """Write a note."""

    operation: ClassVar[str | None] = "note:write"
    text: Annotated[str, Text()]

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """A note."""
        return [NoteWritten(me.id, self.text)]


@dataclass(frozen=True, slots=True)
class EraseNote(Command):
    """Erase a note, anybody's."""

    operation: ClassVar[str | None] = "note:erase"
    note: Annotated[int, Whole(1, 2**53)]

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """It is gone, where it stands."""
        stands = str(self.note) in situation.state.features.of(Notes).standing
        return [NoteErased(self.note)] if stands else []


FEATURE: Final = Feature(
    commands=(WriteNote, EraseNote),
    changes=(NoteWritten, NoteErased),
    session=Notes,
    participant=Writer,
)


def commands() -> st.SearchStrategy[Command]:
    """What people do with notes."""
    texts = st.sampled_from(("", "left at the mill", "Ωμέγα 👩‍👩‍👧", 'quote " and \\ and %s :name $1'))
    return st.builds(WriteNote, texts) | st.builds(EraseNote, st.integers(1, 30))


@contextmanager
def registered() -> Iterator[None]:
    """Has the feature among the others."""
    operations = {command.operation: command for command in FEATURE.commands if command.operation is not None}
    changes = {change.type: change for change in FEATURE.changes}
    kept = {kind.key: kind for kind in (FEATURE.session, FEATURE.participant) if kind is not None}
    session.OPERATIONS.update(operations)
    session.CHANGES.update(changes)
    session.KEPT.update(kept)
    try:
        yield
    finally:
        for registry, added in ((session.OPERATIONS, operations), (session.CHANGES, changes), (session.KEPT, kept)):
            for name in added:
                del registry[name]


def _counted(participant: Participant) -> Participant:
    mine = participant.features.of(Writer)
    return replace(participant, features=participant.features.put(Writer(mine.notes + 1)))
