"""The house: arrows between packages and between rooms go one way, and no modules import each other in a circle."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import ROOT


def _rooms() -> dict[str, list[str]]:
    """Package -> its rooms from the ground up, as CONTRIBUTING.md lists them: those of a line on one floor."""
    house = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("\n## The house\n")[1].split("```")[1]
    found: dict[str, list[str]] = {}
    for line in house.splitlines():
        if re.match(r"\w", line):
            found[package := line.split("/")[0]] = []
        elif re.match(r" {4}\w", line):
            found[package].append(" ".join(re.sub(r"[/.].*", "", name) for name in line[4:].split("  ")[0].split(", ")))
    return {package: floors for package, floors in found.items() if floors}


# A room uses those below it in its own package alone.
ROOMS = _rooms()
LOOSE = {"pruning": 12, "analysis": 8, "app": 10}
BELOW = {"pruning": set(), "analysis": {"pruning"}, "app": {"pruning", "analysis"}}
LINES = 320


@cache
def modules() -> dict[str, Path]:
    """Every module of the three packages by its dotted name."""
    files = [file for package in ROOMS for file in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements anywhere in a file, but for those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        yield from imports(node)


@cache
def imported(module: str) -> frozenset[str]:
    """The names that a module imports, whole: modules, or what lies in them."""
    found: set[str] = set()
    for node in imports(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            assert node.level == 0, f"{module} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def uses(module: str) -> frozenset[str]:
    """The project's modules that a module imports."""
    known = modules()
    found = {name if name in known else name.rpartition(".")[0] for name in imported(module)}
    return frozenset(found & known.keys() - {module})


def room(module: str) -> str:
    """The room that a module stands in: the second part of its name."""
    return [*module.split("."), ""][1]


def places(package: str) -> dict[str, int]:
    """Room -> how far up it stands."""
    return {name: height for height, names in enumerate(ROOMS[package]) for name in names.split()}


def test_the_house_is_that_of_the_three_packages() -> None:
    assert [*ROOMS] == ["pruning", "analysis", "app"] == [*LOOSE] == [*BELOW]


@pytest.mark.parametrize("package", ROOMS)
def test_arrows_between_packages_go_one_way(package: str) -> None:
    for module in modules():
        if module.split(".")[0] == package:
            others = {name.split(".")[0] for name in imported(module)} & {*ROOMS, "tests"} - {package}
            assert others <= BELOW[package], module


@pytest.mark.parametrize("package", ROOMS)
def test_every_room_has_its_place_and_few_modules_are_loose(package: str) -> None:
    loose = {file.stem for file in (ROOT / package).glob("*.py")} - {"__init__", "__main__"}
    found = {room(module) for module in modules() if module.split(".")[0] == package} - {"", "__main__"}
    listed = " ".join(ROOMS[package]).split()
    assert found == set(listed)
    assert len(listed) == len(set(listed))
    assert len(loose) <= LOOSE[package]


@pytest.mark.parametrize("package", ROOMS)
def test_arrows_between_rooms_go_one_way(package: str) -> None:
    place = places(package)
    against = [
        f"{module} -> {other}"
        for module in modules()
        for other in uses(module)
        if module.split(".")[0] == other.split(".")[0] == package
        and place.get(room(other), -1) > place.get(room(module), len(place))
    ]
    assert not against


def test_no_page_uses_another() -> None:
    pages = {module: module.split(".")[2] for module in modules() if module.startswith("app.views.")}
    against = [f"{a} -> {b}" for a in pages for b in uses(a) if b in pages and pages[a] != pages[b]]
    assert not against


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles() == []


def circles() -> list[list[str]]:
    """Groups of modules that reach each other by their imports, lazy ones included (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in uses(module):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in modules():
        if module not in index:
            visit(module)
    return found


def test_analysis_and_pruning_show_nothing() -> None:
    for module in modules():
        if not module.startswith("app"):
            assert not {name.split(".")[0] for name in imported(module)} & {"streamlit", "plotly", "matplotlib"}, module


def test_the_queue_of_jobs_knows_nothing_of_how_it_is_shown() -> None:
    waiting = [module for module in modules() if module.startswith("app.jobs")]
    assert waiting
    for module in waiting:
        assert not {name.split(".")[0] for name in imported(module)} & {"streamlit", "plotly", "torch"}, module


def test_nothing_is_pickled_but_on_the_way_to_a_worker() -> None:
    for module, file in modules().items():
        found = {name.split(".")[0] for name in imported(module)} & {"pickle", "joblib", "dill", "cloudpickle"}
        allowed = {"cloudpickle"} if module.startswith("pruning.execution.") else set()
        assert found <= allowed, module
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                assert any(key.arg == "weights_only" and ast.unparse(key.value) == "True" for key in node.keywords)


def test_a_file_can_be_held_in_the_head() -> None:
    long = {module: len(file.read_text(encoding="utf-8").splitlines()) for module, file in modules().items()}
    assert {module: lines for module, lines in long.items() if lines > LINES} == {}
