"""python -m tests.browser.heights [STUDY ...]: how tall each page and section is at 1440 x 900, what is wide or cut.

`--width 1024` takes another width, `--dark` the dark theme, `--only PAGE` one page; `--keep FOLDER` keeps a picture of
each as a whole.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from app.shell import sections
from tests.browser.conftest import ARGUMENTS, ROOT, chromium, serve, settle
from tests.browser.cut import cut
from tests.browser.hyphens import hyphens

MOST = 1800
"""Pixels: two screens of 900."""
PARAMETERS = {"robustness": "section"}
"""Of the section in the URL, where it is not the page's name."""
HEIGHT = "Math.round(document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect().height)"
WIDE = """[...document.querySelectorAll('[data-testid=stMain] [class*="st-key-card-"]')]
    .filter(card => card.scrollWidth > card.clientWidth + 4)
    .map(card => card.className.match(/st-key-(card-[\\w-]+)/)[1])"""
TABLES = """[...document.querySelectorAll('[data-testid=stDataFrame]')].filter(table => {
    const scroller = table.querySelector('.dvn-scroller'), inner = table.querySelector('.dvn-scroll-inner');
    return scroller && inner && inner.scrollWidth > scroller.clientWidth + 4;
}).map(table => table.closest('[class*="st-key-"]').className.match(/st-key-([\\w-]+)/)[1])"""


class Place(NamedTuple):
    """A page or a section as it is first seen."""

    path: str
    height: int
    wide: list[str]


def fits(page: Page) -> bool:
    """Whether what is drawn is no taller than two screens."""
    return int(page.evaluate(HEIGHT)) <= MOST


def paths(page: Page, study: str) -> list[str]:
    """What the bar offers for a study, section by section; `page` shows one of its pages."""
    links = page.locator("[data-testid=stTopNavLink], [data-testid=stTopNavDropdownLink]")
    names = [str(link.get_attribute("href")).split("/")[-1].split("?")[0] for link in links.all()]
    found = []
    for name in dict.fromkeys(names):
        own = sections.of_page(name or "overview")
        parameter = PARAMETERS.get(name, name or "overview")
        found += [f"{name}?study={study}&{parameter}={key}" for key in own] or [f"{name}?study={study}"]
    return found


def measure(page: Page, url: str, path: str) -> Place:
    """Open a path and measure it once it is drawn."""
    page.goto(f"{url}/{path}")
    settle(page)
    page.wait_for_timeout(400)
    settle(page)
    return Place(path, int(page.evaluate(HEIGHT)), [*page.evaluate(WIDE), *page.evaluate(TABLES)])


def keep(page: Page, place: Place, folder: Path) -> None:
    """Keep a picture of the whole page."""
    size = page.viewport_size or {"width": 1440, "height": 900}
    page.set_viewport_size({"width": size["width"], "height": max(place.height, 900)})
    page.wait_for_timeout(1200)
    name = place.path.replace("?", "-").replace("&", "-").replace("=", "-") or "start"
    page.screenshot(path=folder / f"{name}.png")
    page.set_viewport_size(size)


@contextmanager
def app(url: str) -> Iterator[str]:
    """The address of the app on the shipped studies, one that is started for it unless `url` names one."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield from serve(ROOT / "sample_checkpoints" / "mnist5k-lenet5", Path(folder))


def survey(browser: Browser, url: str, asked: argparse.Namespace) -> int:
    """Measure and print. Returns how many pages are too tall or too wide."""
    context = browser.new_context(
        viewport={"width": asked.width, "height": 900}, color_scheme="dark" if asked.dark else "light"
    )
    page, amiss = context.new_page(), 0
    page.set_default_timeout(180_000)
    for study in asked.studies:
        page.goto(f"{url}/?study={study}")
        settle(page)
        for path in paths(page, study):
            if asked.only and not path.startswith(f"{asked.only}?"):
                continue
            place = measure(page, url, path)
            tall = place.height > MOST
            amiss += tall or bool(place.wide)
            print(f"{'!' if tall else ' '}{place.height:6,d}  {path}  {' '.join(place.wide)}", flush=True)
            for each in (*cut(page), *(f"{text}: a hyphen for a minus" for text in hyphens(page))):
                print(f"          {each}", flush=True)
            if asked.keep:
                keep(page, place, asked.keep)
    context.close()
    return amiss


def main(arguments: list[str]) -> int:
    """Measure the studies named, all shipped ones when none is."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.heights", description=__doc__)
    parser.add_argument("studies", nargs="*", default=[])
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--url", default="", help="of an app that is running")
    asked = parser.parse_args(arguments)
    asked.studies = asked.studies or sorted(
        folder.parent.name for folder in ROOT.glob("sample_checkpoints/*/study.toml")
    )
    path = chromium()
    if path is None:
        sys.exit("No Chromium found: install Debian's chromium, or name one in the variable CHROMIUM.")
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    with app(asked.url) as url, sync_playwright() as playwright:
        return survey(playwright.chromium.launch(executable_path=path, args=ARGUMENTS), url, asked)


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
