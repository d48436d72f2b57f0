"""Fixes that were kept while offline."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from cavalcade.domain.feature import SHARERS, Change, Command, Feature, Situation
from cavalcade.domain.fields import Items
from cavalcade.domain.fix import Fix, read_valid_fix
from cavalcade.domain.model import Participant, Role

MAX_FIXES: Final = 500


@dataclass(frozen=True, slots=True)
class SendFixes(Command):
    """Fixes kept while offline: the newest moves the avatar. It makes no event.

    Attributes:
        fixes: The valid ones, at most `MAX_FIXES`.
    """

    operation: ClassVar[str | None] = "fixes:send"
    meaning: ClassVar[str] = (
        "fixes kept while offline: the newest moves the avatar; ok `{offset, accepted}` counts the valid ones"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer sends no positions."
    fixes: Annotated[tuple[Fix, ...], Items(read_valid_fix, MAX_FIXES)]

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """Nothing durable."""
        return []

    @property
    def kept_fixes(self) -> tuple[Fix, ...] | None:
        """These."""
        return self.fixes


FEATURE: Final = Feature(
    commands=(SendFixes,),
    asked=(
        ("fixes:send", {"fixes": []}, SendFixes(())),
        (
            "fixes:send",
            {"fixes": [{"lat": 1, "lon": 2}, {"lat": 91, "lon": 0}, {"lat": 0, "lon": 0}, 7]},
            SendFixes((Fix(1, 2),)),
        ),
    ),
    refused=(
        ("fixes:send", {}, ("/fixes",)),
        ("fixes:send", {"fixes": {}}, ("/fixes",)),
        ("fixes:send", {"fixes": [{}] * (MAX_FIXES + 1)}, ("/fixes",)),
    ),
)
