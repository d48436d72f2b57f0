"""Who leads, and who sweeps: rides last so that nobody is left behind."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.feature import SHARERS, Change, Command, Feature, Situation, member, require_away
from cavalcade.domain.fields import OneOf, reject
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Participant, ParticipantId, Role, SessionState, Somebody


class Post(StrEnum):
    """A task in the group; nobody has two."""

    LEAD = "lead"
    SWEEP = "sweep"


MOST: Final = {Post.LEAD: 1, Post.SWEEP: 2}
"""How many may hold a post at once."""


@dataclass(frozen=True, slots=True)
class PersonPost(Kept):
    """The post of a participant; None for none."""

    key: ClassVar[str] = "post"
    post: Post | None = None


@dataclass(frozen=True, slots=True)
class PostChanged(Change):
    """A post is held by others than before."""

    type: ClassVar[str] = "post_changed"
    meaning: ClassVar[str] = (
        "all who hold the post now; it stands in each one's `features.post`, in the place of another post"
    )
    post: Post
    holders: tuple[ParticipantId, ...]

    def evolve(self, state: SessionState) -> SessionState:
        """The holders have it, and nobody else."""
        for person in state.participants.values():
            had = person.features.of(PersonPost).post
            has = self.post if person.id in self.holders else None if had is self.post else had
            if has is not had:
                features = person.features.put(PersonPost(has))
                state = state.with_changed(person.id, lambda p, kept=features: replace(p, features=kept))  # type: ignore[misc]
        return state


@dataclass(frozen=True, slots=True)
class SetPost(Command):
    """Take a post, give it to somebody, hand it on, or give it up.

    Attributes:
        post: Which.
        participant: Who is to hold it; None frees it.
        instead_of: Who holds it no more. Left out, this is oneself where one holds it, else the only holder of a post
            that one person holds; but a host gives it to one more while there is room.
        holder_seen_at: When that holder was last connected, ms since the epoch: `now` while they are. The backend knows
            it, never the client.
    """

    operation: ClassVar[str | None] = "post:set"
    meaning: ClassVar[str] = (
        "a host gives a post to anybody, its holder hands it on or gives it up, a member takes it while it is free or"
        " its holder is away; without a `participant` it is freed. One leads, two may sweep: `instead_of` says whom"
        " somebody replaces. A host who sweeps and names nobody adds the second"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer holds no post."
    post: Annotated[Post, OneOf(Post)]
    participant: Somebody = None
    instead_of: Somebody = None
    holder_seen_at: int | None = None

    def concerns(self, state: SessionState) -> int | None:
        """Whom somebody replaces by name, or the only holder."""
        holding = holders(state, self.post)
        who = self._replaced(holding)
        return who if who in holding else None

    def informed(self, seen_at: int | None) -> Self:
        """With when the holder was last connected."""
        return replace(self, holder_seen_at=seen_at)

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """Who holds it now, where these are others."""
        state, holding = situation.state, holders(situation.state, self.post)
        if self.instead_of is not None and self.instead_of not in holding:
            reject(FieldError("/instead_of", "must be somebody who holds this post"))
        hands_on = self.instead_of is None and me.id in holding and not self._adds(me, holding)
        goes = me.id if hands_on else self._replaced(holding)
        if self.participant is None:
            return self._freed(me, holding, goes)
        taker = member(state, self.participant)
        if taker.role is Role.VIEWER:
            reject(FieldError("/participant", "must not be a viewer"))
        if taker.id in holding:
            return []
        after = tuple(sorted({*holding, taker.id} - {goes}))
        if len(after) > MOST[self.post]:
            reject(FieldError("/instead_of", f"is required: {MOST[self.post]} people hold this post"))
        if me.role is not Role.HOST and goes != me.id:
            self._check_taking(me, taker, goes, situation)
        return [PostChanged(self.post, after)]

    def _adds(self, me: Participant, holding: tuple[int, ...]) -> bool:
        """Whether a host who holds the post gives it to one more: there is room beside them."""
        return me.role is Role.HOST and self.participant is not None and len(holding) < MOST[self.post]

    def _replaced(self, holding: tuple[int, ...]) -> int | None:
        """Whom somebody replaces who does not hold the post: the one they name, or the only one who can hold it."""
        if self.instead_of is not None:
            return self.instead_of
        return holding[0] if len(holding) == MOST[self.post] == 1 else None

    def _freed(self, me: Participant, holding: tuple[int, ...], goes: int | None) -> list[Change]:
        if goes is None and me.role is Role.HOST:
            return [PostChanged(self.post, ())] if holding else []
        if goes is None:
            return []
        if goes != me.id and me.role is not Role.HOST:
            raise Rejected(ErrorCode.FORBIDDEN, "Only the host may take somebody's post away.")
        return [PostChanged(self.post, tuple(who for who in holding if who != goes))]

    def _check_taking(self, me: Participant, taker: Participant, goes: int | None, situation: Situation) -> None:
        """A member takes a post for themselves alone, and only while it is free or its holder is away."""
        if taker.id != me.id:
            raise Rejected(ErrorCode.FORBIDDEN, "Only the host and the holder may give this post to others.")
        if goes is not None:
            whose = situation.state.participants[goes]
            require_away(whose, self.holder_seen_at, situation, "The holder of this post")


def holders(state: SessionState, post: Post) -> tuple[int, ...]:
    """Who holds a post, by id."""
    people = state.participants.values()
    return tuple(sorted(person.id for person in people if person.features.of(PersonPost).post is post))


FEATURE: Final = Feature(
    commands=(SetPost,),
    changes=(PostChanged,),
    participant=PersonPost,
    asked=(
        ("post:set", {"post": "lead", "participant": 2}, SetPost(Post.LEAD, 2)),
        ("post:set", {"post": "sweep"}, SetPost(Post.SWEEP)),
        ("post:set", {"post": "sweep", "participant": 3, "instead_of": 2}, SetPost(Post.SWEEP, 3, 2)),
    ),
    refused=(
        ("post:set", {}, ("/post",)),
        ("post:set", {"post": "cook", "participant": 0}, ("/post", "/participant")),
        ("post:set", {"post": "lead", "holder_seen_at": 0}, ("/holder_seen_at",)),
    ),
    happened=(
        (PostChanged(Post.LEAD, (2,)), {"post": "lead", "holders": [2]}),
        (PostChanged(Post.SWEEP, ()), {"post": "sweep", "holders": []}),
    ),
)
