"""The calls of the contract, over a real socket with a real database."""

import asyncio
import dataclasses
import re
import uuid
from typing import Any

import pytest

from cavalcade.domain.features.places import AddPlace, PlaceKind
from cavalcade.domain.fix import Fix, accept
from cavalcade.domain.geo import destination, distance_m
from cavalcade.domain.operations import Operation
from cavalcade.server.processes.clock import now_ms
from cavalcade.settings import Settings
from tests.server.conftest import PUBLIC_URL, SECRET, Running, bearer, running

OUT_OF_REACH = "zzzzzzzzzz.AAAAAAAAAAAAAAAAAAAAAA"


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


async def place(server: Running, session_id: str, places: dict[int, tuple[float, float]]) -> None:
    """Puts participants somewhere, as a gateway does."""
    now = now_ms()
    accepted = {who: accept(Fix(lat, lon, fix_time=now), now) for who, (lat, lon) in places.items()}
    positions = {who: position for who, position in accepted.items() if position is not None}
    server.writer.put(session_id, now + 60_000, positions)
    server.writer.flush()
    async with asyncio.timeout(5):
        while await server.api.backend.positions(session_id) != positions:
            pass


async def test_one_tap_makes_a_session_with_its_host(server: Running) -> None:
    before = now_ms()
    answer = await server.http.post("/api/sessions")
    created = answer.json()
    assert answer.status_code == 201
    assert set(created) == {"session", "code", "link", "viewer_code", "viewer_link", "participant", "token", "socket"}
    session, host = created["session"], created["participant"]
    assert re.fullmatch(r"[a-z0-9]{10}", session["id"])
    assert before <= session["created_at"] <= now_ms()
    assert session["expires_at"] - session["created_at"] == 8 * 3600 * 1000
    assert session["name"]
    assert (host["id"], host["role"], host["sharing"]) == (1, "host", True)
    assert host["name"]
    assert created["code"].startswith(session["id"] + ".")
    assert created["link"] == f"{PUBLIC_URL}/j#{created['code']}"
    assert created["viewer_link"] == f"{PUBLIC_URL}/j#{created['viewer_code']}"
    assert created["socket"] == PUBLIC_URL.replace("https", "wss") + "/socket"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_session_may_be_told_what_to_be(server: Running) -> None:
    created = await server.create(name=" Alpine  Tour ", lifetime_s=3600, host={"name": "Ann", "color": "#ABCDEF"})
    assert created["session"]["name"] == "Alpine Tour"
    assert created["session"]["expires_at"] - created["session"]["created_at"] == 3_600_000
    assert (created["participant"]["name"], created["participant"]["color"]) == ("Ann", "#abcdef")


async def test_creating_again_under_a_key_is_the_same_session(server: Running) -> None:
    key = fresh_key()
    first, again = [await server.http.post("/api/sessions", json={"name": "A"}, headers=key) for _ in range(2)]
    assert {k: v for k, v in first.json().items() if k != "token"} == {
        k: v for k, v in again.json().items() if k != "token"
    }
    assert (
        await server.http.get(f"/api/sessions/{first.json()['session']['id']}", headers=bearer(again.json()))
    ).is_success
    other = await server.http.post("/api/sessions", json={"name": "B"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "op_id_reused")


async def test_creating_at_once_under_a_key_makes_one_session(server: Running) -> None:
    key = fresh_key()
    answers = await asyncio.gather(*(server.http.post("/api/sessions", json={}, headers=key) for _ in range(8)))
    assert len({answer.json()["code"] for answer in answers}) == 1


async def test_a_replayed_creation_after_the_host_left_is_unauthorized(server: Running) -> None:
    key = fresh_key()
    created = (await server.http.post("/api/sessions", json={}, headers=key)).json()
    path = f"/api/sessions/{created['session']['id']}"
    await server.http.delete(f"{path}/participants/me", headers=bearer(created))
    again = await server.http.post("/api/sessions", json={}, headers=key)
    assert (again.status_code, again.json()["code"]) == (401, "unauthorized")


async def test_a_replayed_creation_after_the_end_is_not_found(server: Running) -> None:
    key = fresh_key()
    created = (await server.http.post("/api/sessions", json={}, headers=key)).json()
    await server.http.delete(f"/api/sessions/{created['session']['id']}", headers=bearer(created))
    again = await server.http.post("/api/sessions", json={}, headers=key)
    assert (again.status_code, again.json()["code"]) == (404, "session_not_found")


async def test_preview_shows_little(server: Running) -> None:
    created = await server.create(name="Tour")
    for code in (created["code"], created["viewer_code"]):
        answer = await server.http.post(f"/api/sessions/{code[:10]}/preview", json={"code": code})
        assert answer.status_code == 200
        session = {"id": code[:10], "name": "Tour", "expires_at": created["session"]["expires_at"]}
        assert answer.json() == {"session": session, "participants": 1}


async def test_members_and_viewers_join(server: Running) -> None:
    created = await server.create()
    member = await server.join(created["code"], name="Bo", color="#112233")
    viewer = await server.join(created["viewer_code"])
    assert set(member) == {"session", "participant", "token", "socket"}
    assert member["session"] == created["session"]
    assert (member["participant"]["id"], member["participant"]["role"], member["participant"]["name"]) == (
        2,
        "member",
        "Bo",
    )
    assert (viewer["participant"]["role"], viewer["participant"]["sharing"]) == ("viewer", False)


async def test_joining_again_under_a_key_is_the_same_participant(server: Running) -> None:
    created = await server.create()
    path, key = f"/api/sessions/{created['session']['id']}", fresh_key()
    body = {"code": created["code"], "name": "Bo"}
    first, again = [await server.http.post(f"{path}/join", json=body, headers=key) for _ in range(2)]
    assert first.status_code == again.status_code == 201
    assert first.json()["participant"] == again.json()["participant"]
    other = await server.http.post(f"{path}/join", json={**body, "name": "Cy"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "op_id_reused")
    await server.http.delete(f"{path}/participants/me", headers=bearer(first.json()))
    left = await server.http.post(f"{path}/join", json=body, headers=key)
    assert (left.status_code, left.json()["code"]) == (401, "unauthorized")


async def test_a_crowd_may_join_at_once(server: Running) -> None:
    created = await server.create()
    path, body = f"/api/sessions/{created['session']['id']}/join", {"code": created["code"]}

    async def join() -> int:
        key = fresh_key()
        # A busy machine may take longer than a reply may: then the same call is made again, as clients do.
        while (answer := await server.http.post(path, json=body, headers=key)).status_code == 503:
            assert answer.json()["code"] == "unavailable"
        assert answer.status_code == 201, answer.text
        participant: int = answer.json()["participant"]["id"]
        return participant

    assert sorted(await asyncio.gather(*(join() for _ in range(50)))) == list(range(2, 52))


async def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(server: Running) -> None:
    created, ended = await server.create(), await server.create()
    await server.http.delete(f"/api/sessions/{ended['session']['id']}", headers=bearer(ended))
    own, code = created["session"]["id"], created["code"]
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    attempts = [
        (own, wrong),
        (own, OUT_OF_REACH),
        (own, ended["code"]),
        ("zzzzzzzzzz", OUT_OF_REACH),
        ("zzzzzzzzzz", code),  # a right code on another session's path
        (ended["session"]["id"], ended["code"]),
        (own, ""),
        (own, code + "A"),
        (own, code.upper()),
        (own, f" {code}"),
        (own, "\x00\U0001f600"),
        ("NOT-AN-ID", code),
        ("a%00b", code),
        ("%F0%9F%98%80", code),
    ]
    answers = [
        await server.http.post(
            f"/api/sessions/{path}/{call}",
            json={"code": attempt},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},  # so that none is refused for the others' sake
        )
        for number, (path, attempt) in enumerate(attempts)
        for call in ("preview", "join")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "session_not_found"


async def test_only_failures_count_against_an_address(server: Running) -> None:
    created = await server.create()
    path, here = f"/api/sessions/{created['session']['id']}/preview", {"X-Forwarded-For": "203.0.113.50"}
    for _ in range(30):
        assert (await server.http.post(path, json={"code": created["code"]}, headers=here)).status_code == 200
    for _ in range(20):
        forged = {"X-Forwarded-For": f"{uuid.uuid4()}, 1.2.3.4, 203.0.113.50"}
        assert (await server.http.post(path, json={"code": OUT_OF_REACH}, headers=forged)).status_code == 404
    blocked = await server.http.post(path, json={"code": OUT_OF_REACH}, headers=here)
    assert (blocked.status_code, blocked.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(blocked.headers["retry-after"]) <= 60
    # Others behind the same address have the right code, and somebody elsewhere has none.
    assert (await server.http.post(path, json={"code": created["code"]}, headers=here)).status_code == 200
    elsewhere = {"X-Forwarded-For": "203.0.113.51"}
    assert (await server.http.post(path, json={"code": OUT_OF_REACH}, headers=elsewhere)).status_code == 404


async def test_an_address_makes_a_bounded_number_of_sessions(settings: Settings) -> None:
    quotas = dataclasses.replace(settings.quotas, sessions_per_hour=6)  # a third of them at once
    here, elsewhere = {"X-Forwarded-For": "203.0.113.60"}, {"X-Forwarded-For": "203.0.113.61"}
    async with running(dataclasses.replace(settings, quotas=quotas)) as strict:
        made = [await strict.http.post("/api/sessions", headers=here) for _ in range(3)]
        assert [answer.status_code for answer in made] == [201, 201, 429]
        assert made[-1].json()["code"] == "too_many_requests"
        assert 590 <= int(made[-1].headers["retry-after"]) <= 600
        assert (await strict.http.post("/api/sessions", headers=elsewhere)).status_code == 201


async def test_viewers_who_flood_a_session_keep_no_member_out(settings: Settings) -> None:
    quotas = dataclasses.replace(settings.quotas, joins_per_minute=8)  # a quarter of them for viewers
    async with running(dataclasses.replace(settings, quotas=quotas)) as strict:
        created = await strict.create()
        path = f"/api/sessions/{created['session']['id']}/join"
        watching = [await strict.http.post(path, json={"code": created["viewer_code"]}) for _ in range(4)]
        assert [answer.status_code for answer in watching] == [201, 201, 429, 429]
        assert 1 <= int(watching[-1].headers["retry-after"]) <= 30
        joining = [await strict.http.post(path, json={"code": created["code"]}) for _ in range(8)]
        assert {answer.status_code for answer in joining} == {201}


async def test_who_comes_and_goes_uses_up_few_ids(settings: Settings) -> None:
    quotas = dataclasses.replace(settings.quotas, joins_per_minute=30)  # a tenth where more have left than are there
    async with running(dataclasses.replace(settings, quotas=quotas)) as strict:
        created = await strict.create()
        path = f"/api/sessions/{created['session']['id']}/join"
        statuses = []
        for _ in range(8):
            answer = await strict.http.post(path, json={"code": created["code"]})
            statuses.append(answer.status_code)
            if answer.status_code == 201:
                await strict.http.delete(path.replace("join", "participants/me"), headers=bearer(answer.json()))
        assert statuses == [201] * 5 + [429] * 3  # two before anybody counts as coming and going


async def test_a_full_session_says_so(settings: Settings) -> None:
    async with running(dataclasses.replace(settings, max_participants=2)) as small:
        created = await small.create()
        await small.join(created["code"])
        path, body = f"/api/sessions/{created['session']['id']}/join", {"code": created["code"]}
        answer = await small.http.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "session_full")


async def test_view_has_everything_of_one_moment(server: Running) -> None:
    created = await server.create()
    member = await server.join(created["code"], name="Bo")
    viewer = await server.join(created["viewer_code"])
    session_id = created["session"]["id"]
    await place(server, session_id, {1: (47.5, 8.25), 2: (47.25, 8.5), 3: (1, 1), 99: (0, 0)})
    answer = await server.http.get(f"/api/sessions/{session_id}", headers=bearer(member))
    view = answer.json()
    assert set(view) == {"offset", "mark", "server_time", "me", "snapshot", "positions"}
    assert (view["offset"], view["me"]) == (3, 2)
    assert abs(view["server_time"] - now_ms()) < 5_000
    people = [created["participant"], member["participant"], viewer["participant"]]
    assert view["snapshot"] == {"session": created["session"], "participants": people}
    # Neither viewers nor people who left have a position, whatever a late write may have put there.
    assert [(p["participant"], p["lat"], p["lon"]) for p in view["positions"]] == [(1, 47.5, 8.25), (2, 47.25, 8.5)]


async def test_nearby_is_measured_from_oneself(server: Running) -> None:
    created = await server.create()
    for _ in range(3):
        await server.join(created["code"])
    session_id, (lat, lon) = created["session"]["id"], (47.5, 8.25)
    near, nearer, far = (
        destination(lat, lon, heading, metres) for heading, metres in ((0, 900), (90, 300), (180, 5e3))
    )
    path = f"/api/sessions/{session_id}/nearby"
    nobody = await server.http.get(path, params={"radius_m": 1000}, headers=bearer(created))
    assert nobody.json() == {"positions": []}
    await place(server, session_id, {1: (lat, lon), 2: near, 3: nearer, 4: far})
    answer = await server.http.get(path, params={"radius_m": "1000.5"}, headers=bearer(created))
    found = answer.json()["positions"]
    assert [other["participant"] for other in found] == [3, 2]
    for other in found:
        expected = distance_m(lat, lon, other["lat"], other["lon"])
        assert other["distance"] == pytest.approx(expected, rel=0.01)


async def test_the_host_renames_and_extends(server: Running) -> None:
    created = await server.create()
    member = await server.join(created["code"])
    path = f"/api/sessions/{created['session']['id']}"
    changed = await server.http.patch(path, json={"name": "New", "extend_s": 60}, headers=bearer(created))
    assert changed.status_code == 200
    expected = {**created["session"], "name": "New", "expires_at": created["session"]["expires_at"] + 60_000}
    assert changed.json() == {"session": expected}
    refused = await server.http.patch(path, json={"name": "Mine"}, headers=bearer(member))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    too_long = await server.http.patch(path, json={"extend_s": 30 * 86_400}, headers=bearer(created))
    assert too_long.status_code == 400
    assert too_long.json()["errors"][0]["pointer"] == "/extend_s"


async def test_who_left_has_a_token_that_opens_nothing(server: Running) -> None:
    created = await server.create()
    member = await server.join(created["code"])
    path = f"/api/sessions/{created['session']['id']}"
    left = await server.http.delete(f"{path}/participants/me", headers=bearer(member))
    assert (left.status_code, left.content) == (204, b"")
    for method, rest in (("GET", ""), ("GET", "/nearby?radius_m=5"), ("DELETE", "/participants/me"), ("DELETE", "")):
        answer = await server.http.request(method, path + rest, headers=bearer(member))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_the_host_ends_it_for_all(server: Running) -> None:
    created = await server.create()
    member = await server.join(created["code"])
    path = f"/api/sessions/{created['session']['id']}"
    refused = await server.http.delete(path, headers=bearer(member))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    ended = await server.http.delete(path, headers=bearer(created))
    assert (ended.status_code, ended.content) == (204, b"")
    for method, rest in (
        ("GET", ""),
        ("GET", "/nearby?radius_m=5"),
        ("PATCH", ""),
        ("DELETE", ""),
        ("DELETE", "/participants/me"),
    ):
        body = {"name": "x"} if method == "PATCH" else None
        answer = await server.http.request(method, path + rest, headers=bearer(created), json=body)
        assert (method, rest, answer.status_code) == (method, rest, 404)
        assert answer.json()["code"] == "session_not_found"


async def test_a_token_opens_its_own_session_alone(server: Running) -> None:
    mine, theirs = await server.create(), await server.create()
    path = f"/api/sessions/{theirs['session']['id']}"
    token = mine["token"]
    expired = server.api.signer.issue(theirs["session"]["id"], 1, now_ms() - 1)
    stranger = server.api.signer.issue(theirs["session"]["id"], 9, now_ms() + 60_000)
    headers = [
        {},
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {expired}"},
        {"Authorization": f"Bearer {stranger}"},
        {"Authorization": f"Bearer {theirs['token'][:-1]}"},
        {"Authorization": f"Bearer {theirs['token']}x"},
        {"Authorization": theirs["token"]},
        {"Authorization": f"Basic {theirs['token']}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer \xff"},
    ]
    for header in headers:
        raw = {name: value.encode("latin-1") for name, value in header.items()}
        for method in ("GET", "DELETE"):
            answer = await server.http.request(method, path, headers=raw)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), header
            assert answer.headers["www-authenticate"] == "Bearer"
    assert (await server.http.get(path, headers=bearer(theirs))).status_code == 200


async def test_an_expired_session_is_gone_before_anybody_has_ended_it(server: Running) -> None:
    created = await server.create(lifetime_s=300)
    later = server.api.clock() + 300_000
    with pytest.raises(Exception, match="does not exist or is over"):
        await server.api.sessions.admit(created["session"]["id"], created["code"], later)
    with pytest.raises(Exception, match="does not exist or is over"):
        await server.api.sessions.member(created["session"]["id"], 1, later)


def test_secrets_are_not_in_what_is_shown_of_a_server(server: Running) -> None:
    assert SECRET not in repr(server)


OF_ANOTHER_SITE = ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"})


async def test_a_page_of_another_site_changes_nothing(server: Running) -> None:
    """Browsers send its forms and its calls without a body unasked; what may be read is another matter."""
    created = await server.create()
    session, code = created["session"]["id"], {"code": created["code"]}
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", "/api/sessions", {}),
        ("POST", "/api/sessions", {"content": "name=x", "headers": {"Content-Type": "text/plain"}}),
        ("POST", "/api/sessions", {"json": {}}),
        ("POST", f"/api/sessions/{session}/preview", {"json": code}),
        ("POST", f"/api/sessions/{session}/join", {"json": code}),
        ("PATCH", f"/api/sessions/{session}", {"json": {"name": "x"}, "headers": bearer(created)}),
        ("DELETE", f"/api/sessions/{session}/participants/me", {"headers": bearer(created)}),
        ("DELETE", f"/api/sessions/{session}", {"headers": bearer(created)}),
    )
    for method, path, call in calls:
        for said in OF_ANOTHER_SITE:
            answer = await server.http.request(method, path, **{**call, "headers": {**call.get("headers", {}), **said}})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    view = await server.http.get(f"/api/sessions/{session}", headers={**bearer(created), **OF_ANOTHER_SITE[0]})
    assert view.json()["offset"] == 1


async def test_our_own_page_and_what_is_no_browser_go_on(server: Running) -> None:
    for said in ({}, {"Origin": PUBLIC_URL}, {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin"}):
        assert (await server.http.post("/api/sessions", headers=said)).status_code == 201


async def test_places_come_as_files_to_all_who_are_in_viewers_too(server: Running) -> None:
    host = await server.create(name='Tour <&">')
    session_id = host["session"]["id"]
    added = AddPlace(PlaceKind.FUEL, 47.66, 9.18, "A & B <br>", "First\nSecond")
    await server.api.backend.submit(session_id, Operation(1, added))
    viewer = await server.join(host["viewer_code"])
    for name, media_type in (("places.gpx", "application/gpx+xml"), ("places.geojson", "application/geo+json")):
        address = f"/api/sessions/{session_id}/{name}"
        for who in (host, viewer):
            answer = await server.http.get(address, headers=bearer(who))
            assert answer.status_code == 200
            assert answer.headers["content-type"] == media_type
            assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
            assert answer.headers["cache-control"] == "no-store"
        assert (await server.http.get(address)).status_code == 401
        stranger = await server.create()
        assert (await server.http.get(address, headers=bearer(stranger))).status_code == 401
    gpx = await server.http.get(f"/api/sessions/{session_id}/places.gpx", headers=bearer(viewer))
    assert '<wpt lat="47.6600000" lon="9.1800000">' in gpx.text
    assert "<name>A &amp; B &lt;br&gt;</name><desc>First\nSecond</desc>" in gpx.text
    feature = (await server.http.get(f"/api/sessions/{session_id}/places.geojson", headers=bearer(host))).json()
    assert feature["features"][0]["properties"]["name"] == "A & B <br>"
    await server.http.delete(f"/api/sessions/{session_id}", headers=bearer(host))
    ended = await server.http.get(f"/api/sessions/{session_id}/places.gpx", headers=bearer(host))
    assert ended.status_code == 404
