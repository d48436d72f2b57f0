"""The links that lead into one's session: the one to send, and the one that opens the page as oneself."""

from cavalcade.client import Membership
from cavalcade.wire.links import for_watching, handing_over


def link_of(membership: Membership) -> str | None:
    """The link to send to friends, where this participant knows it."""
    if membership.link is not None:
        return membership.link
    return None if membership.code is None else f"{membership.server}/j#{membership.code}"


def full_map_of(membership: Membership, *, is_viewer: bool) -> str | None:
    """The address at which the page goes on as this participant, where the session's link is known."""
    link = link_of(membership)
    if link is None:
        return None
    return handing_over(for_watching(link) if is_viewer else link, membership.token)
