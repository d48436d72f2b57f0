"""All that a client judges, looked at together: with each fix of one's own, and once a second."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cavalcade.client.motion import ending_statuses, silence, stops, straggling
from cavalcade.client.motion.ending_statuses import Standing
from cavalcade.client.motion.riding import Riding, follow
from cavalcade.client.motion.scene import Scene
from cavalcade.client.motion.silence import Silence
from cavalcade.client.motion.stops import Stopping
from cavalcade.client.motion.straggling import Straggling
from cavalcade.domain.features.alerts import AlertKind
from cavalcade.domain.features.posts import Post
from cavalcade.domain.model import Role


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered between two looks."""

    riding: Riding = field(default_factory=Riding)
    stopping: Stopping = field(default_factory=Stopping)
    standing: Standing | None = None
    straggling: Straggling = field(default_factory=Straggling)
    silence: Silence = field(default_factory=Silence)

    @property
    def is_asking(self) -> bool:
        """One stopped, and is to be asked whether all is well."""
        return self.stopping.stop is not None and self.stopping.stop.is_open


@dataclass(frozen=True, slots=True)
class Findings:
    """What follows from a look.

    Attributes:
        alerts: What to raise, and about whom.
        ends_status: One's own status is over.
    """

    alerts: Sequence[tuple[AlertKind, int]] = ()
    ends_status: bool = False


def judge(before: Memory, scene: Scene) -> tuple[Memory, Findings]:
    """Looks at a session.

    Args:
        before: What was remembered.
        scene: What is to be seen. A fix of one's own that is newer than the last one is taken into account.

    Returns:
        What to remember, and what is to be done.
    """
    me, last = scene.person(scene.me), before.riding.last
    riding = before.riding if me is None or me.fix is None else follow(before.riding, me.fix)
    stopping, has_stopped = stops.look(before.stopping, riding, scene, last=last)
    standing, ends_status = ending_statuses.look(before.standing, riding, scene, last=last)
    straggled, is_behind = straggling.look(before.straggling, scene, stands=stopping.stop is not None)
    silent, unheard = silence.look(before.silence, scene)
    alerts = [
        *([(AlertKind.STOPPED, scene.me)] if has_stopped else []),
        *([(AlertKind.STRAGGLER, scene.me)] if is_behind else []),
        *((AlertKind.NO_NEWS, who) for who in unheard),
    ]
    return Memory(riding, stopping, standing, straggled, silent), Findings(alerts, ends_status)


def answer(memory: Memory) -> Memory:
    """The question whether all is well was answered."""
    return replace(memory, stopping=stops.answer(memory.stopping))


def concerns_me(scene: Scene, participant: int) -> bool:
    """Whether an alert about somebody is for oneself.

    It is for lead and sweep; where nobody leads or sweeps, for the host and the one who rides last.
    """
    me = scene.person(scene.me)
    if me is None or participant == scene.me:
        return False
    if any(one.post in {Post.LEAD, Post.SWEEP} for one in scene.people):
        return me.post in {Post.LEAD, Post.SWEEP}
    return me.role is Role.HOST or straggling.last_rider(scene) == scene.me
