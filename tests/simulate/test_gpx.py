"""GPX files: tracks, routes, folders, and files that are none."""

import re
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
    reading = read_routes(tmp_path)
    first, second = reading.routes
    assert first.length_m > second.length_m
    assert not reading.left_out


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no GPX"),
        ("hello", "no GPX"),
        (f"{HEAD}</gpx>", "lead somewhere"),
        (f"{HEAD}<trk><trkseg>", "lead somewhere"),
        (f'{HEAD}<trk><trkseg><trkpt lat="91" lon="0"/></trkseg></trk></gpx>', "lead somewhere"),
        (f'{HEAD}<trk><trkseg><trkpt lat="nan" lon="0"/></trkseg></trk></gpx>', "lead somewhere"),
        (f'{HEAD}<trk><trkseg><trkpt lon="0"/></trkseg></trk></gpx>', "lead somewhere"),
        ('<!DOCTYPE gpx [<!ENTITY a "aaaa">]><gpx>&a;</gpx>', "lead somewhere"),
        ('<!DOCTYPE gpx SYSTEM "file:///etc/passwd"><gpx/>'.encode("utf-16"), "lead somewhere"),
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


def with_points(points: str) -> str:
    return f"{HEAD}{TRACK.replace('</trkseg>', points + '</trkseg>')}</gpx>"


ROUTE = '<rte><rtept lat="47.0" lon="9.0"/><rtept lat="47.01" lon="9.0"/></rte>'


@pytest.mark.parametrize(
    ("content", "left_out"),
    [
        (with_points("<trkpt></trkpt>"), "without a place on the Earth (1)"),
        (with_points('<trkpt lat="" lon="9"/>'), "without a place on the Earth (1)"),
        (with_points('<trkpt lat="91" lon="9"/><trkpt lat="nan" lon="9"/>'), "without a place on the Earth (2)"),
        (with_points('<trkpt lat="0" lon="0.0"/>'), "points at 0, 0, which are no fixes (1)"),
        (f"{HEAD}<trk><name>planned</name></trk>{ROUTE}</gpx>", "empty tracks or routes (1)"),
        (f"{HEAD}<trk><trkseg/></trk>{TRACK}</gpx>", "empty tracks or routes (1)"),
        (f"{HEAD}{TRACK}", "where the file ends early"),
        (f'{HEAD}{TRACK}<trk><trkseg><trkpt lat="47" lon="9">', "points that cannot be read (1), what follows"),
        (f"{HEAD}{TRACK}<trk><name>a & b</name></trk></gpx>", "empty tracks or routes (1)"),
        (with_points('<trkpt lat="47.02" lon="9"><name>&e;</name></trkpt>'), "points that cannot be read (1)"),
        (with_points('<trkpt lat=47.02 lon="9"></trkpt>'), "points that cannot be read (1)"),
        (with_points('<trkpt lat="47.02" lon="9"><trkpt lat="47.01" lon="9"/>'), "points that cannot be read (1)"),
    ],
)  # fmt: skip
def test_what_is_good_is_taken_and_what_is_not_is_said_in_a_line(tmp_path: Path, content: str, left_out: str) -> None:
    reading = read_routes(written(tmp_path, content))
    (route,) = reading.routes
    assert route.length_m == pytest.approx(1112, rel=0.01)
    (line,) = reading.left_out
    assert "tour.gpx" in line
    assert left_out in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff".encode() + f"{HEAD}{TRACK}</gpx>".encode(),
        f"{HEAD}{TRACK}</gpx>".encode("utf-16"),
        f"{HEAD}{TRACK}</gpx>".encode("utf-16-le"),
        "\ufeff".encode("utf-16-be") + f"{HEAD}{TRACK}</gpx>".encode("utf-16-be"),
        f"{HEAD}{TRACK}</gpx>".encode("utf-32"),
        f"{HEAD}{TRACK}</gpx>".replace("?>", ' encoding="utf-16"?>').encode(),
        f"{HEAD}{TRACK}</gpx>".replace("?>", ' encoding="cp1252"?>').replace("A<", "Zo\xeb<").encode("cp1252"),
        f"{HEAD}{TRACK}</gpx>".replace("A<", "Zo\xeb<").encode("latin-1"),
        f"\r\n{HEAD}{TRACK}</gpx>".replace("\n", "\r\n").encode(),
        f"{HEAD}{TRACK}</gpx>".replace("GPX/1/1", "GPX/1/0").encode(),
        re.sub("(</?)(gpx|trk|ele)", r"\1g:\2", f"{HEAD}{TRACK}</gpx>").replace("xmlns=", "xmlns:g=").encode(),
        f"{HEAD}{TRACK}</gpx>".replace("47.0", "47,0").encode(),
        f"{HEAD}{TRACK}</gpx>".replace("2026-01-01T00:00:00Z", "yesterday").encode(),
    ],
)  # fmt: skip
def test_files_as_other_programs_write_them(tmp_path: Path, content: bytes) -> None:
    reading = read_routes(written(tmp_path, content))
    assert reading.routes[0].length_m == pytest.approx(1112, rel=0.01)
    assert reading.routes[0].at(0).altitude == 400
    assert not reading.left_out


def test_a_fault_costs_its_point_and_the_way_goes_on(tmp_path: Path) -> None:
    points = '<trkpt lat="47.02" lon="9"><ele>&e;</ele></trkpt><trkpt lat="47.03" lon="9"/>'
    reading = read_routes(written(tmp_path, f"<!DOCTYPE gpx [<!ENTITY e '1'>]>{with_points(points)}"))
    assert reading.routes[0].length_m == pytest.approx(3336, rel=0.01)
    assert "points that cannot be read (1)" in reading.left_out[0]


def test_one_odd_file_does_not_cost_the_folder(tmp_path: Path) -> None:
    written(tmp_path, f"{HEAD}{TRACK}</gpx>", "good.gpx")
    written(tmp_path, "hello", "odd.gpx")
    written(tmp_path, '<!DOCTYPE gpx [<!ENTITY a "aaaa">]><gpx>&a;</gpx>', "bomb.gpx")
    (tmp_path / "folder.gpx").mkdir()
    reading = read_routes(tmp_path)
    assert len(reading.routes) == 1
    said = " ".join(reading.left_out)
    assert [name in said for name in ("odd.gpx", "bomb.gpx", "folder.gpx", "good.gpx")] == [True, True, True, False]


def test_a_folder_without_a_good_file_says_what_is_wrong_with_each(tmp_path: Path) -> None:
    written(tmp_path, "hello", "odd.gpx")
    written(tmp_path, f"{HEAD}</gpx>", "empty.gpx")
    with pytest.raises(GpxError, match=r"empty\.gpx .*odd\.gpx "):
        read_routes(tmp_path)


@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_route_or_a_clear_error(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = written(tmp_path_factory.getbasetemp(), content, "any.gpx")
    with pytest.raises(GpxError):
        read_route(path)
