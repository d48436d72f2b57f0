"""What a node says of its process tree."""

from cavalcade.client import connect
from cavalcade.monolith.inspection import as_dict, as_page
from cavalcade.monolith.reports import node_facts
from tests.monolith.conftest import RunningNode


async def test_tree_shows_the_application_and_its_sessions(node: RunningNode) -> None:
    host = await node.create()
    async with connect(host):
        report = node.node.inspector.report()
    assert [child.name for child in report.application][:2] == ["redis_link", "lease"]
    assert {child.status for child in report.application} == {"running"}
    (session,) = report.session_processes
    assert (session.name, session.status, session.connections) == (host.session_id, "running", 1)
    assert report.sessions == 1


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


async def test_page_and_document_hold_no_names_of_people(node: RunningNode) -> None:
    async with connect(await node.create(host_name="Anna <b>")):
        report = node.node.inspector.report()
    page, document = as_page(report), str(as_dict(report))
    assert "redis_link" in page
    assert "Anna" not in page + document
