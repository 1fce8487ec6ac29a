"""Notebooks, run without Jupyter: cell after cell in one scope, what a cell ends with is its output.

Tables are kept as HTML, plotly's figures as PNG, drawn by a Chromium where there is one, everything else as text.
"""

import ast
import base64
import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

NAME = "compare_three_ways.ipynb"
Cell = dict[str, Any]
Draw = Callable[[go.Figure], bytes]
SIZE = (760, 380)  # pixels of a figure


def read(file: Path) -> dict[str, Any]:
    """The notebook of a file."""
    notebook: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return notebook


def run(notebook: dict[str, Any], draw: Draw | None = None) -> dict[str, Any]:
    """Run all cells, put what they give into the notebook, and return the names that they leave.

    Args:
        notebook: it is changed in place.
        draw: makes a PNG of a figure; None: figures leave no picture.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, start=1):
        cell["execution_count"] = number
        cell["outputs"] = _run(cell, number, names, draw)
    return names


def write(notebook: dict[str, Any], file: Path) -> None:
    """Keep a notebook as Jupyter would."""
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _run(cell: Cell, number: int, names: dict[str, Any], draw: Draw | None) -> list[Cell]:
    tree = ast.parse("".join(cell["source"]))
    last = tree.body[-1] if tree.body else None
    asked = ast.Expression(last.value) if isinstance(last, ast.Expr) else None
    if asked:
        del tree.body[-1]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {number}", "exec"), names)
        value = eval(compile(asked, f"cell {number}", "eval"), names) if asked else None
    outputs: list[Cell] = []
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())})
    if value is not None:
        shown = {
            "data": _shown(value, draw),
            "execution_count": number,
            "metadata": {},
            "output_type": "execute_result",
        }
        outputs.append(shown)
    return outputs


def _shown(value: Any, draw: Draw | None) -> dict[str, Any]:
    if isinstance(value, go.Figure):
        picture = {} if draw is None else {"image/png": base64.b64encode(draw(value)).decode()}
        return {**picture, "text/plain": ["<a plotly figure>"]}
    as_html = getattr(value, "_repr_html_", None)
    html = {"text/html": _lines(as_html())} if as_html else {}
    return {**html, "text/plain": _lines(repr(value))}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def in_chromium(figure: go.Figure) -> bytes:
    """Draw a figure as PNG by plotly's own script in the Chromium of the browser tests."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS, chromium

    width, height = SIZE
    draw = f"""figure => Plotly.newPlot('here', figure.data, figure.layout)
        .then(() => Plotly.toImage('here', {{format: 'png', width: {width}, height: {height}, scale: 1.5}}))"""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = browser.new_page()
        page.set_content("<div id='here'></div>")
        page.add_script_tag(content=get_plotlyjs())
        address: str = page.evaluate(draw, json.loads(figure.to_json()))
        browser.close()
    return base64.b64decode(address.split(",", 1)[1])
