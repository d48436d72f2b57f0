"""The next stop: where the lead stands for a minute, after having ridden since the group was called together."""

from dataclasses import dataclass, replace
from typing import Final

from cavalcade.client.motion.riding import UNSEEN_MS, Riding, is_riding
from cavalcade.client.motion.scene import Scene, time_of
from cavalcade.client.place_rules.scene import PlaceScene
from cavalcade.domain.features.posts import Post

STANDS_FOR_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class NextStop:
    """What is remembered of a call for the next stop. Times are in ms since the epoch on the server's clock.

    Attributes:
        called_at: When it was, by which it is known again.
        has_ridden: One has ridden since.
        asked_at: When one last told where it is.
    """

    called_at: int
    has_ridden: bool = False
    asked_at: int | None = None


def look(
    before: NextStop | None, riding: Riding, scene: PlaceScene
) -> tuple[NextStop | None, tuple[float, float] | None]:
    """Looks at one's own stop, where one leads.

    Returns:
        What to remember, and where the group is to meet, in degrees, where that is to be told now.
    """
    call, seen = scene.call, scene.people
    if call is None or call.place is not None or not _is_mine(seen, call.by):
        return None, None
    known = before if before is not None and before.called_at == call.at else NextStop(call.at)
    if is_riding(riding, seen.now):
        return replace(known, has_ridden=True), None
    stood_since, last = riding.slow_since, riding.last
    if not known.has_ridden or not seen.is_listening or stood_since is None or last is None:
        return known, None
    is_seen = seen.now - time_of(last) <= UNSEEN_MS
    if not is_seen or not seen.may_ask(known.asked_at) or seen.now - stood_since < STANDS_FOR_MS:
        return known, None
    return replace(known, asked_at=seen.now), (last.lat, last.lon)


def _is_mine(scene: Scene, called_by: int | None) -> bool:
    """Whether it is oneself who decides: who leads, or where nobody does, who called."""
    me = scene.person(scene.me)
    if me is None or me.fix is None:
        return False
    if any(one.post is Post.LEAD for one in scene.people):
        return me.post is Post.LEAD
    return called_by == scene.me
