"""Signatures and docstrings as markdown, read from the source, so that every version of Python writes the same."""

import ast
import inspect
import re
import textwrap
from typing import Any

PARTS = ("Args", "Attributes", "Returns", "Yields", "Raises")
_PART = re.compile(rf"^({'|'.join(PARTS)}):\s*(.*)$")
_ITEM = re.compile(r"^(\*{0,2}\w[\w, ]*):\s+(.*)$", re.S)
WIDE = 100


def node_of(thing: Any) -> ast.FunctionDef | ast.ClassDef:
    """The syntax tree of a function or a class."""
    node = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    return node


def signature(node: ast.FunctionDef, name: str, method: bool = False) -> str:
    """The call of a function with types and defaults, on one line or an argument a line; of methods without `self`."""
    arguments = _arguments(node.args)
    if method and "staticmethod" not in map(ast.unparse, node.decorator_list):
        arguments = arguments[1:]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and name == node.name else ""
    line = f"{name}({', '.join(arguments)}){returns}"
    below = "".join(f"    {each},\n" for each in arguments)
    return line if len(line) <= WIDE else f"{name}(\n{below}){returns}"


def _arguments(given: ast.arguments) -> list[str]:
    plain = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(plain) - len(given.defaults)) + list(given.defaults)
    found = [_argument(each, value) for each, value in zip(plain, defaults, strict=True)]
    if given.vararg:
        found.append(f"*{_argument(given.vararg, None)}")
    elif given.kwonlyargs:
        found.append("*")
    found += [_argument(each, value) for each, value in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return [*found, f"**{_argument(given.kwarg, None)}"] if given.kwarg else found


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    kind = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    value = "" if default is None else f"{' = ' if kind else '='}{ast.unparse(default)}"
    return f"{argument.arg}{kind}{value}"


def fields(node: ast.ClassDef, source: str) -> list[str]:
    """The public fields of a dataclass or of a pydantic model, as they are written."""
    lines = source.splitlines()
    found = [each for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    public = [each for each in found if isinstance(each.target, ast.Name) and not each.target.id.startswith("_")]
    return ["\n".join(lines[each.lineno - 1 : each.end_lineno]) for each in public]


def first_paragraph(docstring: str | None) -> str:
    """What a docstring says first, on one line."""
    return " ".join(inspect.cleandoc(docstring or "").split("\n\n")[0].split())


def markdown(docstring: str | None) -> str:
    """A Google docstring: its text as it is, its parts as headed lists."""
    out, part = list[str](), list[str]()
    heading = ""
    for line in [*inspect.cleandoc(docstring or "").splitlines(), "Returns: "]:
        begins = _PART.match(line)
        ends = heading and line and not line.startswith(" ")
        if begins or ends:
            out += _listed(heading, part) if heading else part
            heading, part = (begins[1], [f"    {begins[2]}"] if begins[2] else []) if begins else ("", [line])
        else:
            part.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


def _listed(heading: str, lines: list[str]) -> list[str]:
    text = textwrap.dedent("\n".join(lines)).strip("\n")
    entries = [" ".join(each.split()) for each in re.split(r"\n(?! |\n)", text) if each.strip()]
    items = [_ITEM.match(each) for each in entries]
    if heading in ("Returns", "Yields") or not all(items):
        return ["", f"*{heading}:* {' '.join(entries)}", ""]
    return ["", f"*{heading}:*", "", *(f"- `{item[1]}`: {item[2]}" for item in items if item), ""]
