"""The command line: what is wrong is said in plain words, with exit code 1 or 2 and no traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cavalcade.simulate.command import simulate


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        ([], 2, "Give the LINK of a session, or --new"),
        (["--new", "abc"], 2, "Give the LINK of a session, or --new"),
        (["hello"], 1, "neither a Cavalcade link nor the code"),
        (["http://localhost/nothing"], 1, "not a Cavalcade link"),
        (["--new", "--server", "localhost"], 1, "must begin with http"),
        (["--new", "--server", "http://127.0.0.1:9"], 1, "no answer from the server"),
        (["http://127.0.0.1:9/j#abcdefghij.AAAAAAAAAAAAAAAAAAAAAA"], 1, "no answer from the server"),
        (["--new", "--riders", "0"], 2, "--riders"),
        (["--new", "--regroup", "--riders", "51"], 2, "--regroup is for 50 riders at most"),
        (["--new", "--gpx", "/nowhere/tour.gpx"], 2, "does not exist"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], code: int, problem: str) -> None:
    result = CliRunner().invoke(simulate, arguments)
    assert result.exit_code == code
    assert problem in result.output
    assert "Traceback" not in result.output


def test_a_file_without_a_track_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tour.gpx"
    path.write_text("hello")
    result = CliRunner().invoke(simulate, ["--new", "--gpx", str(path)])
    assert result.exit_code == 1
    assert "tour.gpx is not a GPX file with a track" in result.output
