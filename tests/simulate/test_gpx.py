"""GPX files: tracks, routes, folders, and files that are none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.simulate.gpx import GpxError, read_route, read_routes

HEAD = '<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="a test">'
TRACK = """<trk><name>A</name><trkseg>
<trkpt lat="47.0" lon="9.0"><ele>400</ele><time>2026-01-01T00:00:00Z</time></trkpt>
<trkpt lat="47.01" lon="9.0"><ele>410.5</ele></trkpt></trkseg></trk>"""


def written(folder: Path, content: str | bytes, name: str = "tour.gpx") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_track_with_altitudes(tmp_path: Path) -> None:
    route = read_route(written(tmp_path, f"{HEAD}{TRACK}</gpx>"))
    assert route.length_m == pytest.approx(1112, rel=0.01)
    assert route.at(0).altitude == 400
    assert route.at(route.length_m).altitude == pytest.approx(410.5)


def test_the_longest_track_counts(tmp_path: Path) -> None:
    longer = TRACK.replace("</trkseg>", '<trkpt lat="47.5" lon="9"/></trkseg>')
    assert read_route(written(tmp_path, f"{HEAD}{TRACK}{longer}</gpx>")).length_m > 50_000


def test_a_route_where_there_is_no_track_and_no_namespace(tmp_path: Path) -> None:
    path = written(tmp_path, '<gpx><rte><rtept lat="47" lon="9"/><rtept lat="48" lon="9"/></rte></gpx>')
    assert read_route(path).length_m > 100_000


def test_a_folder_by_name(tmp_path: Path) -> None:
    written(tmp_path, f"{HEAD}{TRACK}</gpx>", "b.GPX")
    written(tmp_path, f"{HEAD}{TRACK.replace('47.01', '47.02')}</gpx>", "a.gpx")
    written(tmp_path, "not a track", "notes.txt")
    first, second = read_routes(tmp_path)
    assert first.length_m > second.length_m


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no element"),
        ("hello", "syntax"),
        (f"{HEAD}</gpx>", "lead somewhere"),
        (f"{HEAD}{TRACK}", "no element"),
        (f'{HEAD}<trk><trkseg><trkpt lat="91" lon="0"/></trkseg></trk></gpx>', "place on the Earth"),
        (f'{HEAD}<trk><trkseg><trkpt lat="nan" lon="0"/></trkseg></trk></gpx>', "place on the Earth"),
        (f'{HEAD}<trk><trkseg><trkpt lon="0"/></trkseg></trk></gpx>', "place on the Earth"),
        ('<!DOCTYPE gpx [<!ENTITY a "aaaa">]><gpx>&a;</gpx>', "document type"),
        ('<!DOCTYPE gpx SYSTEM "file:///etc/passwd"><gpx/>'.encode("utf-16"), "document type"),
    ],
)
def test_what_is_no_gpx_file_is_refused_in_plain_words(tmp_path: Path, content: str | bytes, problem: str) -> None:
    with pytest.raises(GpxError, match=problem):
        read_route(written(tmp_path, content))


def test_missing_files_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(GpxError, match="cannot be read"):
        read_routes(tmp_path / "none.gpx")
    with pytest.raises(GpxError, match=r"no \.gpx files"):
        read_routes(tmp_path)


@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_route_or_a_clear_error(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = written(tmp_path_factory.getbasetemp(), content, "any.gpx")
    with pytest.raises(GpxError):
        read_route(path)
