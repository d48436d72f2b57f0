"""How somebody appears to the others."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

from cavalcade.domain import names
from cavalcade.domain.feature import Change, Command, Feature, Situation
from cavalcade.domain.model import Participant, ParticipantId, SessionState


@dataclass(frozen=True, slots=True)
class ProfileChanged(Change):
    """Somebody changed how they appear."""

    type: ClassVar[str] = "profile_changed"
    participant: ParticipantId
    name: str
    initials: str
    color: str

    def evolve(self, state: SessionState) -> SessionState:
        """They appear so."""
        return state.with_changed(
            self.participant, lambda p: replace(p, name=self.name, initials=self.initials, color=self.color)
        )


@dataclass(frozen=True, slots=True)
class SetProfile(Command):
    """Change how one appears; None leaves a field as it is, an empty name takes the default again."""

    operation: ClassVar[str | None] = "profile:set"
    meaning: ClassVar[str] = "how one appears"
    name: Annotated[str | None, names.NAME] = None
    color: Annotated[str | None, names.COLOR] = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """Another name or colour."""
        name = me.name if self.name is None else self.name or names.default_participant_name(me.id)
        color = me.color if self.color is None else self.color
        if (name, color) == (me.name, me.color):
            return []
        return [ProfileChanged(me.id, name, names.initials(name), color)]


FEATURE: Final = Feature(
    commands=(SetProfile,),
    changes=(ProfileChanged,),
    asked=(
        ("profile:set", {}, SetProfile()),
        ("profile:set", {"name": " Anna ", "color": "#AABBCC"}, SetProfile("Anna", "#aabbcc")),
        ("profile:set", {"name": "", "color": None}, SetProfile("")),
    ),
    refused=(
        ("profile:set", {"name": "a\x00", "color": "red"}, ("/name", "/color")),
        ("profile:set", {"name": ["a"], "color": 7, "role": "host"}, ("/name", "/color", "/role")),
    ),
    happened=(
        (
            ProfileChanged(2, "Zoë Ünal", "ZÜ", "#336699"),
            {"participant": 2, "name": "Zoë Ünal", "initials": "ZÜ", "color": "#336699"},
        ),
    ),
)
