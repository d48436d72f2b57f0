"""A feature that is not shipped: people write notes. With it, tests show what there is room for.

`registered` adds it to the registry as `domain.session` adds those that are shipped. `python -m tests.notes` is a
`cavalcade` that has it: a newer version beside this one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final

from hypothesis import strategies as st

from cavalcade.domain import session
from cavalcade.domain.audience import MEMBERS
from cavalcade.domain.feature import Change, Command, Effects, Feature, Issuer, Situation
from cavalcade.domain.fields import Text, Whole
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Participant, SessionState


@dataclass(frozen=True, slots=True)
class Note:
    """One note, and who wrote it."""

    by: int
    text: str
    fades_at: int | None = None


@dataclass(frozen=True, slots=True)
class Notes(Kept):
    """The notes that stand, by the offsets of their events, and which were erased; nothing for viewers."""

    key: ClassVar[str] = "notes"
    audience: ClassVar[str | None] = MEMBERS
    standing: Mapping[str, Note] = field(default_factory=dict, hash=False)
    erased: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mood(Kept):
    """How somebody is."""

    key: ClassVar[str] = "mood"
    word: str | None = None
    changes: int = 0


@dataclass(frozen=True, slots=True)
class NoteWritten(Change):
    """Somebody wrote a note."""

    type: ClassVar[str] = "note_written"
    participant: int
    text: str
    fades_at: int | None = None

    def evolve(self, state: SessionState) -> SessionState:
        """It stands."""
        notes = state.features.of(Notes)
        standing = {**notes.standing, str(state.offset + 1): Note(self.participant, self.text, self.fades_at)}
        return replace(state, features=state.features.put(replace(notes, standing=standing)))

    def effects(self) -> Effects:
        """Viewers do not read it."""
        return Effects(audience=MEMBERS)


@dataclass(frozen=True, slots=True)
class NoteErased(Change):
    """A note is gone, and what it said."""

    type: ClassVar[str] = "note_erased"
    note: int

    def evolve(self, state: SessionState) -> SessionState:
        """It stands no more."""
        notes = state.features.of(Notes)
        standing = {offset: note for offset, note in notes.standing.items() if offset != str(self.note)}
        return replace(state, features=state.features.put(Notes(standing, (*notes.erased, self.note))))

    def effects(self) -> Effects:
        """Nobody can read it any more; viewers need not know of it."""
        return Effects(audience=MEMBERS, scrubs=(self.note,))


@dataclass(frozen=True, slots=True)
class MoodChanged(Change):
    """Somebody is in another mood."""

    type: ClassVar[str] = "mood_changed"
    participant: int
    word: str | None

    def evolve(self, state: SessionState) -> SessionState:
        """This is how they are."""
        return state.with_changed(self.participant, lambda one: _in_mood(one, self.word))


@dataclass(frozen=True, slots=True)
class WriteNote(Command):
    """Write a note."""

    operation: ClassVar[str | None] = "note:write"
    text: Annotated[str, Text()]
    fades_s: Annotated[int | None, Whole(1, 3600)] = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """A note, which may be gone by itself after some seconds."""
        fades_at = None if self.fades_s is None else situation.now + self.fades_s * 1000
        return [NoteWritten(me.id, self.text, fades_at)]


@dataclass(frozen=True, slots=True)
class EraseNote(Command):
    """Erase a note, anybody's."""

    operation: ClassVar[str | None] = "note:erase"
    note: Annotated[int, Whole(1, 2**53)]

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """It is gone, where it stands."""
        stands = str(self.note) in situation.state.features.of(Notes).standing
        return [NoteErased(self.note)] if stands else []


@dataclass(frozen=True, slots=True)
class FadeNotes(Command):
    """Erase the notes whose time is over, by the system."""

    issuer: ClassVar[Issuer] = Issuer.SYSTEM

    @classmethod
    def due(cls, state: SessionState) -> int | None:
        """When the first of them is."""
        return min((at for at in map(_fades_at, state.features.of(Notes).standing.values()) if at), default=None)

    def decide_alone(self, situation: Situation) -> list[Change]:
        """They are gone."""
        standing = situation.state.features.of(Notes).standing
        return [NoteErased(int(offset)) for offset, note in standing.items() if 0 < _fades_at(note) <= situation.now]


@dataclass(frozen=True, slots=True)
class SetMood(Command):
    """Say how one is; None for nothing."""

    operation: ClassVar[str | None] = "mood:set"
    word: Annotated[str | None, Text()] = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """Another mood."""
        return [] if me.features.of(Mood).word == self.word else [MoodChanged(me.id, self.word)]


FEATURE: Final = Feature(
    commands=(WriteNote, EraseNote, FadeNotes, SetMood),
    changes=(NoteWritten, NoteErased, MoodChanged),
    session=Notes,
    participant=Mood,
)


def commands() -> st.SearchStrategy[Command]:
    """What people do with notes."""
    texts = st.sampled_from(("", "left at the mill", "Ωμέγα 👩‍👩‍👧", 'quote " and \\ and %s :name $1'))
    moods = st.sampled_from((None, "fine", "hungry"))
    fades = st.none() | st.integers(1, 3600)
    people_do = (
        st.builds(WriteNote, texts, fades) | st.builds(EraseNote, st.integers(1, 30)) | st.builds(SetMood, moods)
    )
    return people_do | st.just(session.Elapse())


@contextmanager
def registered() -> Iterator[None]:
    """Has the feature among the others."""
    operations = {command.operation: command for command in FEATURE.commands if command.operation is not None}
    changes = {change.type: change for change in FEATURE.changes}
    kept = {kind.key: kind for kind in (FEATURE.session, FEATURE.participant) if kind is not None}
    session.OPERATIONS.update(operations)
    session.CHANGES.update(changes)
    session.KEPT.update(kept)
    session.TIMED.append(FadeNotes)
    try:
        yield
    finally:
        session.TIMED.remove(FadeNotes)
        for registry, added in ((session.OPERATIONS, operations), (session.CHANGES, changes), (session.KEPT, kept)):
            for name in added:
                del registry[name]


def _fades_at(note: Note) -> int:
    return note.fades_at or 0


def _in_mood(participant: Participant, word: str | None) -> Participant:
    changes = participant.features.of(Mood).changes + 1
    return replace(participant, features=participant.features.put(Mood(word, changes)))


if __name__ == "__main__":
    from cavalcade.cli import main

    with registered():
        main()
