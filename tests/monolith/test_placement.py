"""Where sessions are served, decided from what is known."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from cavalcade.monolith.placement import (
    SETTLED_S,
    AskEverybody,
    AskForIt,
    Here,
    NodeLease,
    Owner,
    Sight,
    There,
    gives,
    place,
    preferred,
)

LEASES = st.builds(
    NodeLease,
    name=st.text("abcdef", min_size=1, max_size=3),
    life=st.text("0123456789", min_size=4, max_size=8),
    http=st.just("h"),
    sockets=st.just("s"),
    internal=st.just("i"),
    is_draining=st.booleans(),
)
CLUSTERS = st.lists(LEASES, max_size=6, unique_by=(lambda lease: lease.name, lambda lease: lease.life))
SESSION_IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=10, max_size=10)


@st.composite
def sights(draw: st.DrawFn) -> Sight:
    leases = draw(CLUSTERS)
    lives = st.sampled_from([lease.life for lease in leases]) if leases else st.nothing()
    owner = draw(st.none() | st.builds(Owner, epoch=st.integers(1, 5), life=lives | st.just("somebody who has died")))
    return Sight(owner, {lease.life: lease for lease in leases}, draw(st.booleans()))


@given(SESSION_IDS, sights(), st.none() | st.integers(1, 5), st.booleans())
def test_a_session_is_taken_from_nobody_who_lives(
    session_id: str, sight: Sight, epoch: int | None, is_draining: bool
) -> None:
    where = place(session_id, sight, epoch=epoch, is_draining=is_draining)
    living = sight.others.get(sight.owner.life) if sight.owner is not None else None
    is_outdated = sight.owner is not None and epoch is not None and sight.owner.epoch < epoch
    if is_outdated or (living is None and not sight.is_trusted):
        assert where == AskEverybody()
    elif living is not None:
        assert where == (AskForIt(living) if living.is_draining else There(living))
    elif is_draining and any(not lease.is_draining for lease in sight.others.values()):
        assert isinstance(where, There)
        assert not where.lease.is_draining
    else:
        assert where == Here()


@given(SESSION_IDS, CLUSTERS)
def test_a_node_that_goes_moves_only_its_own_sessions(session_id: str, leases: list[NodeLease]) -> None:
    chosen = preferred(session_id, leases)
    assert (chosen is None) is all(lease.is_draining for lease in leases)
    for gone in leases:
        if gone != chosen:
            assert preferred(session_id, [lease for lease in leases if lease != gone]) == chosen
            draining = [replace(lease, is_draining=lease.is_draining or lease == gone) for lease in leases]
            assert preferred(session_id, draining) == chosen


@settings(max_examples=10)  # each is three hundred ids
@given(st.lists(SESSION_IDS, min_size=300, max_size=300, unique=True))
def test_sessions_are_spread(session_ids: list[str]) -> None:
    leases = [NodeLease(name, name, "", "", "") for name in ("first", "second", "third")]
    chosen = [preferred(session_id, leases) for session_id in session_ids]
    assert all(chosen.count(lease) > 50 for lease in leases)


@given(st.floats(0, 1e6), st.floats(0, 100), st.booleans())
def test_an_owner_gives_a_session_once_nobody_comes_by_themselves(at: float, later: float, is_draining: bool) -> None:
    now = at + later
    assert gives(now, claimed_at=at, is_draining=is_draining) is (is_draining or now - at >= SETTLED_S)
