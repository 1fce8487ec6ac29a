"""Linked brushing in a real Chromium with software GL: from the end of a lasso until all charts show the marks."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from pruning.errors import UserError
from tests.bench.brush_app import GROUP
from tests.bench.rows import Row
from tests.browser.conftest import ARGUMENTS, chromium, run_streamlit

APP = Path(__file__).with_name("brush_app.py")
LASSOS = ((0.3, 0.2, 0.7, 0.8), (0.2, 0.3, 0.6, 0.6), (0.4, 0.4, 0.9, 0.9))
"""Left, top, right, bottom, as shares of the first panel."""

WATCH = """() => {
    const since = () => (performance.now() - window.brush.up) / 1000;
    addEventListener("pointerup", () => { window.brush = { up: performance.now() }; }, true);
    new MutationObserver((changes) => {
        const { brush } = window;
        if (!brush) return;
        if (changes.some(({ attributeName }) => attributeName === "data-linked-ms")) brush.marked ??= since();
        else if (document.querySelector("#told")?.dataset.answer !== window.answer) brush.told ??= since();
    }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-linked-ms", "data-answer"] });
}"""


@dataclass(frozen=True)
class Setting:
    """So many points in each panel, panels in a chart, charts; and the seconds in which they should be marked."""

    points: int
    columns: int
    charts: int
    goal: float

    @property
    def what(self) -> str:
        """In words."""
        panels = f"{self.points:,} points x {self.columns} tickets x {self.charts} charts"
        return f"brushing {panels}: from the end of the lasso until all are marked"


SETTINGS = (
    Setting(10_000, 4, 3, 0.4),
    Setting(100_000, 1, 4, 1.0),
    Setting(1_000_000, 1, 1, 3.0),
    Setting(1_000_000, 1, 4, 3.0),
)


def run(quick: bool) -> list[Row]:
    """A row a setting. Baseline is the goal, ours the median of three lassos."""
    path = chromium()
    if path is None:
        raise UserError("The brush needs a browser: install Debian's chromium, or name one in the variable CHROMIUM.")
    with (
        tempfile.TemporaryDirectory() as folder,
        contextmanager(run_streamlit)(APP, Path(folder)) as url,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=ARGUMENTS) as browser,
    ):
        return [measured(browser, url, setting) for setting in (SETTINGS[:1] if quick else SETTINGS)]


def measured(browser: Browser, url: str, setting: Setting) -> Row:
    """Open the page, draw the lassos."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.set_default_timeout(180_000)
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(len(frame))))
    page.goto(f"{url}/?points={setting.points}&columns={setting.columns}&charts={setting.charts}")
    page.wait_for_function(f"document.querySelectorAll('.st-key-{GROUP} canvas.linked').length === {setting.charts}")
    page.wait_for_selector("#told", state="attached")
    drawn = page.evaluate("new Promise(then => requestAnimationFrame(() => then(performance.now() / 1000)))")
    page.evaluate(WATCH)
    times = [lasso(page, part) for part in LASSOS]
    marked, told = (median(each) for each in zip(*times, strict=True))
    page.context.close()
    note = f"baseline: the goal; server told after {told:.2f} s; {sum(sent) / 1e6:.1f} MB, page drawn in {drawn:.0f} s"
    return Row(setting.what, setting.goal, marked, 1, at_most=True, note=note)


def lasso(page: Page, part: tuple[float, float, float, float]) -> tuple[float, float]:
    """Seconds from the release of the button until all charts are marked, and until the server has answered."""
    page.wait_for_timeout(1000)
    page.evaluate("window.brush = null; window.answer = document.querySelector('#told').dataset.answer")
    box = page.locator(f".st-key-{GROUP} .nsewdrag").first.bounding_box()
    assert box is not None
    left, top, right, bottom = part
    x0, x1 = (box["x"] + box["width"] * share for share in (left, right))
    y0, y1 = (box["y"] + box["height"] * share for share in (top, bottom))
    page.mouse.move(x0, y0)
    page.mouse.down()
    for corner in ((x1, y0), (x1, y1), (x0, y1), (x0, y0 + 5)):
        page.mouse.move(*corner, steps=8)
    page.mouse.up()
    page.wait_for_function("window.brush?.marked && window.brush.told")
    found: tuple[float, float] = tuple(page.evaluate("[window.brush.marked, window.brush.told]"))
    return found
