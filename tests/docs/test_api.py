"""docs/api.md is what `make docs` writes, and says what Python itself says of the functions."""

import ast
import importlib
import inspect
import re

import pytest

import analysis
import pruning
from tests import ROOT
from tests.docs import api
from tests.docs.docstrings import markdown

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert api.page() == PAGE, "say `make docs`"


def test_who_refuses_says_so() -> None:
    """Functions that raise UserError by themselves; of a command the docstring is its help."""
    silent = []
    for file in [file for package in ("pruning", "analysis") for file in sorted((ROOT / package).rglob("*.py"))]:
        for each in ast.parse(file.read_text(encoding="utf-8")).body if file.parent.name != "cli" else ():
            if isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
                raised = [ast.unparse(part.exc) for part in ast.walk(each) if isinstance(part, ast.Raise) and part.exc]
                told = re.search(r"\bRaises\b|\braises\b|\bRaise\b", ast.get_docstring(each) or "")
                silent += [f"{file}: {each.name}"] * (any("UserError" in text for text in raised) and not told)
    assert not silent


def test_everything_public_is_on_it() -> None:
    headings = set(re.findall(r"^##+ (.*)$", PAGE, re.M))
    functions = {name for name in pruning.__all__ if not name.startswith("_")}
    assert {f"pruning.{name}" for name in functions} <= headings
    assert all(f"analysis.{name}" in headings or f"pruning.{name}" in headings for name in analysis.__all__)
    links = re.findall(r"^- \[`.*`\]\(#(.*)\)$", PAGE, re.M)
    assert set(links) <= {api.anchor(heading) for heading in headings}


@pytest.mark.parametrize(("module", "where"), api.WHOLE.items())
def test_arguments_are_those_that_python_sees(module: str, where: str) -> None:
    public = api.public(importlib.import_module(where)).items()
    for name, function in [(name, each) for name, each in public if inspect.isfunction(each)]:
        code = PAGE.split(f"\n### {module}.{name}\n")[1].split("```")[1]
        said = code.removeprefix(f"python\n{name}")
        for argument in inspect.signature(function).parameters:
            assert re.search(rf"(^|\W){argument}(\W|$)", said), (name, argument)


def test_a_docstring_as_markdown() -> None:
    text = """Say it.

    More of it,
    on two lines.

    Args:
        first: what it is,
            and more.
        second: another.

    Returns:
        A number: the answer.
    """
    expected = (
        "Say it.\n\nMore of it,\non two lines.\n\n*Args:*\n\n- `first`: what it is, and more.\n- `second`: another."
        "\n\n*Returns:* A number: the answer."
    )
    assert markdown(text) == expected
