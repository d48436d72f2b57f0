"""What is counted of the source."""

from pathlib import Path

from evaluation.clarity import code_of, code_values, lines_of_code, shared_lines


def test_blank_lines_comments_and_docstrings_are_no_code(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('"""Docs,\n\ntwo lines."""\n\nimport os\n\n\n# why\ndef f():\n    """More."""\n    return os.sep\n')
    assert lines_of_code(file) == 3


def test_each_backend_is_counted() -> None:
    for backend in ("services", "monolith"):
        values = code_values(backend)
        assert values["lines"] > 200
        assert values["mean_complexity"] > 1
        assert values["worst_complexity"] >= values["mean_complexity"]
        assert values["import_depth"] > 3


def test_the_most_branched_function_is_named() -> None:
    worst = code_of("services").worst_function
    assert worst.startswith("services/")
    assert ":" in worst


def test_the_shared_part_is_the_larger_one() -> None:
    assert shared_lines() > code_values("services")["lines"]
