"""The scripted feature: it fits both backends, and does what its test says."""

import pytest

from cavalcade.evaluation.experience import FEATURE_TEST, ExperienceError, patched, run_tests, touched
from cavalcade.evaluation.plan import BACKENDS


@pytest.mark.parametrize("backend", BACKENDS)
async def test_the_feature_goes_into_each_backend_and_works(backend: str) -> None:
    async with patched(backend) as copy:
        assert await run_tests(copy, FEATURE_TEST, "-k", f"[{backend}]") > 0


@pytest.mark.long
@pytest.mark.parametrize("backend", BACKENDS)
async def test_the_feature_works_among_several_nodes(backend: str) -> None:
    async with patched(backend) as copy:
        assert await run_tests(copy, FEATURE_TEST, "-k", f"[{backend}-2]") > 0


def test_what_is_shared_is_in_both_patches_alike() -> None:
    services, monolith = (touched(backend) for backend in BACKENDS)
    assert services.lines - services.own_lines == monolith.lines - monolith.own_lines > 0
    for each in (services, monolith):
        assert 0 < each.files <= each.places < each.lines
        assert each.own_lines > 0


async def test_a_test_that_fails_is_told_with_what_it_said() -> None:
    async with patched("monolith") as copy:
        (copy / "tests" / "test_broken.py").write_text("def test_broken() -> None:\n    assert 1 == 2\n")
        with pytest.raises(ExperienceError, match="assert 1 == 2"):
            await run_tests(copy, "tests/test_broken.py")
