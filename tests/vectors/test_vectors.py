"""The vectors in this folder are what this version gives; the page's tests read them."""

import pytest

from cavalcade.domain.session import CHANGES
from tests.vectors import channel, generate


@pytest.mark.parametrize(
    ("name", "make"),
    [("session", generate.sessions), ("packed", generate.packed), ("channel", channel.sequences)],
)
def test_the_vectors_are_those_of_this_version(name: str, make: object) -> None:
    assert callable(make)
    written = (generate.FOLDER / f"{name}.json").read_text()
    assert written == generate.as_text(make()), "write them again: python -m tests.vectors.generate"


def test_every_kind_of_event_is_among_them() -> None:
    said = (generate.FOLDER / "session.json").read_text()
    for kind in (*CHANGES, "poll_opened"):
        assert f'"type": "{kind}"' in said, kind
