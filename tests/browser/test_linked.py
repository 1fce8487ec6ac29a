"""Linked charts in a browser: one lasso marks the same samples everywhere, is told to the server, and gives way."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from app.shell.codec import decode_samples
from tests.browser.conftest import Open, at_rest, settle

CHARTS = ".st-key-geometry-charts .js-plotly-plot"
# Of a chart: samples and places of each panel as plotly has them, and the corners of its plot on the screen.
PANELS = f"""[...document.querySelectorAll('{CHARTS}')].map(chart => ({{
    counts: chart.querySelector('canvas.linked')?.dataset.marked ?? '',
    panels: chart._fullData.filter(trace => trace.meta?.kind === 'samples').map(trace => {{
        const at = name => chart._fullLayout[trace[name + 'axis'].replace(/^[xy]/, '$&axis')];
        const host = chart.querySelector('.svg-container').getBoundingClientRect();
        const [x, y] = [at('x'), at('y')];
        return {{
            samples: [...trace.customdata], x: [...trace.x], y: [...trace.y], ranges: [x.range, y.range],
            corner: [host.left + x._offset, host.top + y._offset], size: [x._length, y._length],
        }};
    }}),
}}))"""


def read(page: Page) -> list[dict[str, Any]]:
    """What `PANELS` says of each chart that has samples."""
    return [chart for chart in page.evaluate(PANELS) if chart["panels"]]


def places(panel: dict[str, Any]) -> np.ndarray:
    """Where each of its samples is on the screen, [N, 2], worked out from the ranges of the axes."""
    (left, right), (low, high) = panel["ranges"]
    across = (np.array(panel["x"]) - left) / (right - left)
    down = 1 - (np.array(panel["y"]) - low) / (high - low)
    return np.array(panel["corner"]) + np.stack([across, down], axis=1) * np.array(panel["size"])


def drag(page: Page, panel: dict[str, Any], box: tuple[float, float, float, float]) -> Callable[[set[int]], bool]:
    """Draw a lasso round a box (shares of the panel); says of a set whether it is what lies within.

    Those within two pixels of the edge may be in it or not: plotly straightens a lasso by as much.
    """
    (left, top), (width, height) = panel["corner"], panel["size"]
    x0, y0, x1, y1 = (left + width * box[0], top + height * box[1], left + width * box[2], top + height * box[3])
    page.mouse.move(x0, y0)
    page.mouse.down()
    for corner in ((x1, y0), (x1, y1), (x0, y1), (x0, y0 + 1)):
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    at = places(panel)
    depth = np.minimum(np.minimum(at[:, 0] - x0, x1 - at[:, 0]), np.minimum(at[:, 1] - y0, y1 - at[:, 1]))
    samples = np.array(panel["samples"])
    surely, perhaps = set(samples[depth > 2].tolist()), set(samples[depth > -2].tolist())
    assert surely
    return lambda found: surely <= found <= perhaps


def told(page: Page) -> set[int]:
    """The samples that the server has put into the link."""
    query = dict(part.split("=", 1) for part in page.url.partition("?")[2].split("&") if "=" in part)
    return set(decode_samples(query.get("samples", "")).tolist())


def dragging(page: Page, name: str, mode: str) -> None:
    """Choose what dragging does, in the line of controls or in the menu of options."""
    radio = page.get_by_role("radio", name=name, exact=True)
    hidden = not radio.is_visible()
    if hidden:
        page.get_by_role("button", name="Options").click()
    radio.click()
    until(page, lambda: page.evaluate(f"document.querySelector('{CHARTS}')._fullLayout.dragmode") == mode)
    if hidden:
        page.keyboard.press("Escape")
        expect(radio).not_to_be_visible()


def until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"It did not happen: {[chart['counts'] for chart in read(page)]} at {page.url}")


@pytest.fixture
def linked(opened: Open) -> Page:
    """The charts of the tiny study, linked."""
    page = opened("geometry?tickets=dense~imp-90")
    until(page, lambda: page.locator(f"{CHARTS} canvas.linked").count() == page.locator(CHARTS).count() > 0)
    at_rest(page, page.locator(f"{CHARTS} .nsewdrag").first)
    return page


def test_one_selection_for_all_charts_and_pages(linked: Page) -> None:
    page = linked
    panels = read(page)[0]["panels"]
    upper, right = (0.2, 0.2, 0.8, 0.55), (0.3, 0.3, 0.7, 0.9)
    is_first = drag(page, panels[0], upper)
    until(page, lambda: is_first(told(page)))
    first = told(page)
    for chart in read(page):
        assert chart["counts"] == ",".join(str(len(first & set(panel["samples"]))) for panel in chart["panels"])

    is_second = drag(page, panels[1], right)  # in another panel: it replaces the first
    assert not is_second(first)
    until(page, lambda: is_second(told(page)))
    second = told(page)
    until(page, lambda: page.evaluate(f"document.querySelector('{CHARTS}').layout.selections.length") == 1)

    page.keyboard.down("Shift")
    drag(page, panels[0], upper)
    page.keyboard.up("Shift")
    until(page, lambda: told(page) == second | first)

    page.get_by_role("link", name="Samples").click()
    expect(page.get_by_text(f"{len(second | first)} images, most fragile first")).to_be_visible()
    page.get_by_role("link", name="Geometry").click()
    settle(page)
    until(page, lambda: bool(read(page)) and all(chart["counts"] for chart in read(page)))
    counts = [len((second | first) & set(panel["samples"])) for panel in read(page)[0]["panels"]]
    assert read(page)[0]["counts"] == ",".join(map(str, counts))

    page.locator(".st-key-clear-images button").first.focus()
    page.keyboard.press("Enter")
    until(page, lambda: not told(page) and not any(chart["counts"] for chart in read(page)))


def test_zoom_hover_and_double_click(linked: Page) -> None:
    page = linked
    dragging(page, "Zoom", "zoom")
    panel = read(page)[0]["panels"][0]
    whole, (left, top), (width, height) = panel["ranges"], panel["corner"], panel["size"]
    page.mouse.move(left + 0.2 * width, top + 0.2 * height)
    page.mouse.down()
    page.mouse.move(left + 0.8 * width, top + 0.8 * height, steps=4)
    page.mouse.up()
    until(page, lambda: read(page)[0]["panels"][0]["ranges"] != whole)
    close = read(page)[0]["panels"][0]["ranges"]

    dragging(page, "Lasso", "lasso")
    panel = read(page)[0]["panels"][0]
    assert panel["ranges"] == close  # the zoom outlives the change of what dragging does
    is_found = drag(page, panel, (0.1, 0.1, 0.9, 0.9))
    until(page, lambda: is_found(told(page)))
    assert len(told(page)) < len(panel["samples"])

    here = places(panel)
    inner = np.abs(here - here.mean(axis=0)).sum(axis=1).argmin()
    page.mouse.move(*here[inner])
    page.mouse.move(*here[inner] + 0.4)
    nearest = ((here - here[inner] - 0.4) ** 2).sum(axis=1).argmin()
    label = page.locator(f"{CHARTS} .linked-hover span:not(.thumbnail)").first
    expect(label).to_have_text(f"Image {panel['samples'][nearest]} · Dense")
    sheet = page.evaluate("getComputedStyle(document.querySelector('.thumbnail')).backgroundImage.slice(5, -2)")
    assert page.request.get(sheet).headers["content-type"] == "image/webp"

    page.mouse.dblclick(*here[inner])
    until(page, lambda: not told(page) and read(page)[0]["panels"][0]["ranges"] == whole)
    assert not any(chart["counts"] for chart in read(page))
