"""What a node says of its process tree."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from cavalcade.client import connect
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.fix import Fix
from cavalcade.domain.operations import Operation
from cavalcade.monolith.inspection import as_dict, as_page
from cavalcade.monolith.reports import node_facts
from tests.monolith.conftest import RunningNode
from tests.monolith.faults import hold_appends, inject
from tests.server.processes.test_stall_watchdog import block_the_loop
from tests.services.peer import eventually


async def test_tree_shows_the_application_and_its_sessions(node: RunningNode) -> None:
    host = await node.create()
    async with connect(host):
        report = node.node.inspector.report()
    assert [child.name for child in report.application][:2] == ["redis_link", "lease"]
    assert {child.status for child in report.application} == {"running"}
    (session,) = report.session_processes
    assert (session.name, session.status, session.connections) == (host.session_id, "running", 1)
    assert report.sessions == 1


async def test_the_documentation_shows_the_tree_as_it_is(node: RunningNode) -> None:
    page = (Path(__file__).parents[2] / "docs" / "processes.md").read_text()
    (picture,) = re.findall(r"^application .*?^```", page, re.DOTALL | re.MULTILINE)
    assert re.findall(r"^[├└]── (\w+)", picture, re.MULTILINE) == [
        running.child.name for running in node.node.supervisor.children
    ]


async def test_nodes_say_who_they_are_and_what_they_own(nodes: list[RunningNode]) -> None:
    first, second, _ = nodes
    host = await first.create()
    async with connect(first.through(host)), connect(second.through(host)):
        one, two = (running.node.inspector.report().node for running in (first, second))
    assert (one.name, one.others, one.owned, one.taken_over) == ("first", ("second", "third"), 1, 1)
    assert (two.name, two.owned, two.sockets_passed_on) == ("second", 0, 1)
    assert 0 < one.lease_s <= 3
    assert "second, third" in as_page(first.node.inspector.report())
    assert "owns 1 sessions" in node_facts(one)


async def test_the_page_is_served_inside_and_shows_what_troubles_a_node(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = await node.create()
    async with connect(host) as session, httpx.AsyncClient(base_url=f"http://{node.internal}") as inside:
        inject(monkeypatch, "beginning a flush")
        session.report(Fix(60.0, 24.0))
        await eventually(lambda: node.entry(host).restarts == 1)
        await eventually(lambda: not len(node.entry(host).mailbox))
        go_on = hold_appends(monkeypatch)
        waiting = [asyncio.create_task(session.set_profile(name=name)) for name in ("Anna", "Ben")]
        submitted = [
            asyncio.create_task(node.node.backend.submit(host.session_id, Operation(1, SetProfile(name="Carl"))))
            for _ in range(3)
        ]
        await eventually(lambda: len(node.entry(host).mailbox) == 3)
        # A busy machine stands still by itself as well.
        stalls = node.node.inspector.report().stalls
        block_the_loop(0.5)
        await eventually(lambda: node.node.inspector.report().stalls > stalls)
        document = (await inside.get("/processes.json")).json()
        page = await inside.get("/processes")
        go_on.set()
        await asyncio.gather(*waiting, *submitted)
    (shown,) = document["session_processes"]
    assert (shown["name"], shown["restarts"], shown["mailbox"], shown["connections"]) == (host.session_id, 1, 3, 1)
    assert document["session_restarts"] == 1
    assert document["stalls"] > stalls
    assert document["longest_stall_ms"] > 250
    assert document["loop_lag_ms"] >= 0
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert host.session_id in page.text


async def test_page_and_document_hold_no_names_of_people(node: RunningNode) -> None:
    async with connect(await node.create(host_name="Anna <b>")):
        report = node.node.inspector.report()
    page, document = as_page(report), str(as_dict(report))
    assert "redis_link" in page
    assert "Anna" not in page + document
