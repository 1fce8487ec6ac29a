"""docs/api.md: what a notebook calls, by the docstrings; `make docs` writes it."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import plotly.graph_objects as go

from analysis import comparisons
from app import views
from tests.docs.docstrings import fields, first_paragraph, markdown, node_of, signature

WHOLE = {
    "pruning": "pruning",
    "analysis": "analysis",
    "analysis.corruptions": "analysis.corruptions",
    "analysis.overlap": "analysis.metrics.overlap",
    "analysis.geometry": "analysis.metrics.geometry",
    "analysis.robustness": "analysis.robustness",
    "analysis.layers": "analysis.metrics.layers",
    "analysis.embedding": "analysis.metrics.embedding",
    "analysis.results": "analysis.results.store",
}
"""What is described whole: how it is imported -> where it is written."""

HEAD = """\
# The public interface

Written by `make docs` from the docstrings; edit those. Errors that a caller can mend are `pruning.UserError`, one
sentence each. Names not listed here may change.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, "- " + "\n- ".join(f"[`{name}`](#{anchor(name)})" for name in [*WHOLE, *BRIEF])]
    parts += [_whole(name, importlib.import_module(module)) for name, module in WHOLE.items()]
    parts += [_brief(name) for name in BRIEF]
    text = "\n\n".join(part.strip("\n") for part in parts)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)) + "\n"


def anchor(heading: str) -> str:
    """Where a heading's link goes, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def public(module: ModuleType) -> dict[str, Any]:
    """The public functions and classes of a module: of `__all__` where it has one, else those it defines."""
    names = getattr(module, "__all__", None) or [
        name for name, each in vars(module).items() if not name.startswith("_") and _is_of(each, module)
    ]
    found = {name: getattr(module, name) for name in names}
    return {name: each for name, each in found.items() if inspect.isfunction(each) or inspect.isclass(each)}


def _is_of(thing: Any, module: ModuleType) -> bool:
    return getattr(thing, "__module__", None) == module.__name__ and not isinstance(thing, type(None))


def _whole(name: str, module: ModuleType) -> str:
    parts = [f"## {name}", markdown(_as_code(module.__doc__))]
    others = set(getattr(module, "__all__", ())) - set(public(module)) - {"__version__"}
    constants = sorted(each for each in others if not inspect.ismodule(getattr(module, each)))
    for each, thing in public(module).items():
        parts += [f"### {name}.{each}", _class(each, thing) if inspect.isclass(thing) else _function(each, thing)]
    if constants:
        parts.append("Besides: " + ", ".join(f"`{each}`" for each in constants) + ".")
    return "\n\n".join(part for part in parts if part)


def _as_code(docstring: str | None) -> str:
    """A module's docstring, its lines of code set apart."""
    blocks = inspect.cleandoc(docstring or "").split("\n\n")
    code = re.compile(r"^( {4}|from \w|import \w|\w+ = )")
    marked = [f"```python\n{textwrap.dedent(each)}\n```" if code.match(each) else each for each in blocks]
    return "\n\n".join(marked)


def _function(name: str, function: Any) -> str:
    node = node_of(function)
    assert isinstance(node, ast.FunctionDef)
    return f"```python\n{signature(node, name)}\n```\n\n{markdown(function.__doc__)}"


def _class(name: str, kind: type) -> str:
    source = textwrap.dedent(inspect.getsource(kind))
    node = node_of(kind)
    assert isinstance(node, ast.ClassDef)
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    makes = next((each for each in methods if each.name == "__init__"), None)
    head = [signature(makes, name, method=True)] if makes else [f"class {name}:", *fields(node, source)]
    parts = ["```python\n" + "\n".join(head if len(head) > 1 or makes else [f"class {name}"]) + "\n```"]
    parts.append(markdown(kind.__doc__))
    if makes:
        parts.append(markdown(ast.get_docstring(makes)))
    return "\n\n".join([*parts, "\n".join(_methods(methods))])


def _methods(methods: list[ast.FunctionDef]) -> Iterator[str]:
    for each in methods:
        if each.name.startswith("_"):
            continue
        is_value = any("property" in ast.unparse(decorator) for decorator in each.decorator_list)
        said = re.sub(r"\s+", " ", signature(each, each.name, method=True))
        yield f"- `{each.name if is_value else said}`: {first_paragraph(ast.get_docstring(each))}"


def _brief(name: str) -> str:
    words, package, is_listed = BRIEF[name]
    parts = [f"## {name}", words]
    for where in sorted(info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")):
        if package is views and ".charts." not in where:
            continue
        module = importlib.import_module(where)
        lines = [_line(each, thing) for each, thing in public(module).items() if is_listed(where, thing)]
        if lines:
            parts += [f"### {where}", first_paragraph(module.__doc__), "\n".join(lines)]
    return "\n\n".join(parts)


def _line(name: str, thing: Any) -> str:
    node = node_of(thing)
    assert isinstance(node, ast.FunctionDef)
    return f"- `{name}({', '.join(_names(node.args))})`: {first_paragraph(thing.__doc__)}"


def _names(arguments: ast.arguments) -> list[str]:
    """Names of arguments; those that may be left out with an equals sign and dots."""
    plain = [*arguments.posonlyargs, *arguments.args]
    needed = len(plain) - len(arguments.defaults)
    names = [each.arg if place < needed else f"{each.arg}=…" for place, each in enumerate(plain)]
    only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return names + [each.arg + ("" if default is None else "=…") for each, default in only]


def _is_question(module: str, thing: Any) -> bool:
    return inspect.isfunction(thing) and thing.__module__ == module


def _is_chart(module: str, thing: Any) -> bool:
    return _is_question(module, thing) and inspect.get_annotations(thing)["return"] in ("go.Figure", go.Figure)


BRIEF = {
    "analysis.comparisons": (
        "The questions that the pages answer. `Study.open(path)` and `analysis.results.store.Results(path)` give what "
        "most of them ask for.",
        comparisons,
        _is_question,
    ),
    "app.views": (
        "The pages' charts: a DataFrame in, a plotly figure out; `app.shell.theme` has the themes. No app has to run.",
        views,
        _is_chart,
    ),
}
"""What is listed, a line a function: how it is imported -> words, package, which functions."""
