"""The arrows between the packages go one way: app -> analysis -> pruning."""

import ast
from pathlib import Path

import pytest

from tests import ROOT

ALLOWED = {"pruning": {"pruning"}, "analysis": {"pruning", "analysis"}, "app": {"pruning", "analysis", "app"}}
PACKAGES = {"pruning", "analysis", "app", "tests"}


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_arrows_go_one_way(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        assert imported(path) & PACKAGES <= ALLOWED[package], path


def test_analysis_and_pruning_show_nothing() -> None:
    for package in ("pruning", "analysis"):
        for path in (ROOT / package).rglob("*.py"):
            assert not imported(path) & {"streamlit", "plotly", "matplotlib"}, path


def test_nothing_is_pickled() -> None:
    for package in ALLOWED:
        for path in (ROOT / package).rglob("*.py"):
            picklers = {"pickle", "joblib", "dill", "cloudpickle"}
            if path.is_relative_to(ROOT / "pruning" / "execution"):
                picklers -= {"cloudpickle"}  # what is registered crosses to worker processes; never into a file
            assert not imported(path) & picklers, path
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                    assert any(key.arg == "weights_only" and ast.unparse(key.value) == "True" for key in node.keywords)
