"""What a node says of its process tree."""

from cavalcade.client import connect
from cavalcade.monolith.inspection import as_dict, as_page
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


async def test_page_and_document_hold_no_names_of_people(node: RunningNode) -> None:
    async with connect(await node.create(host_name="Anna <b>")):
        report = node.node.inspector.report()
    page, document = as_page(report), str(as_dict(report))
    assert "redis_link" in page
    assert "Anna" not in page + document
