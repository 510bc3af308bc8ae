"""The figures in the README are those of the committed results."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import readme

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def test_the_readme_shows_the_committed_results() -> None:
    """Each block is what its results give; `python -m benchmarks.readme` makes it so."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.render(text) == text


def test_the_readme_shows_all_results_that_it_can() -> None:
    """A result that is committed, and that the README has a form for, stands there once."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    committed = {name for name in readme.BLOCKS if (RESULTS / f"{name}.json").exists()}
    assert sorted(committed) == sorted(readme.names(text))


def test_a_changed_figure_is_noticed() -> None:
    """A block that says something else is put right, and what is around it is left alone."""
    text = "before\n<!-- results: join -->\n| made up |\n<!-- end -->\nafter\n"
    rendered = readme.render(text)
    assert "made up" not in rendered
    assert "| this project |" in rendered
    assert rendered.startswith("before\n<!-- results: join -->\n")
    assert rendered.endswith("<!-- end -->\nafter\n")


def test_a_block_without_results_is_refused() -> None:
    """A marker with a name that nothing makes is an error, not a block left as it is."""
    with pytest.raises(KeyError, match="unknown"):
        readme.render("<!-- results: unknown -->\n<!-- end -->\n")
