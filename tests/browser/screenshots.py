"""python -m tests.browser.screenshots [PAGE ...]: the pictures in docs/, light and dark, from the shipped study."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.browser.conftest import ARGUMENTS, ROOT, chromium, serve, settle

STUDY = ROOT / "sample_checkpoints" / "mnist5k-lenet5"
VIEWS = {
    "overview": "",
    "masks": "masks",
    "geometry": "geometry?tickets=dense~random-90~magnitude-90~imp-90&corruption=fog&severity=3",
    "global": "geometry?geometry=global&tickets=dense~random-90~magnitude-90~imp-90&corruption=fog&severity=4",
    "maps": "geometry?geometry=features&tickets=dense~random-90~magnitude-90~imp-90",
    "layers": "geometry?geometry=layers&tickets=dense~random-90~magnitude-90~imp-90",
    "attribution": "geometry?geometry=attribution&tickets=dense~random-90~magnitude-90~imp-90&sample=110"
    "&corruption=fog&severity=3",
    "similarity": "geometry?geometry=similarity",
    "robustness": "robustness",
    "lost": "robustness?section=lost&corruption=fog&severity=4&tickets=dense~random-90~magnitude-90~imp-90",
    "samples": "samples",
    "gallery": "gallery?image=810",
    "studies": "studies",
    "pareto": "?overview=pareto",
    "story": "?overview=story",
    "dynamics": "dynamics?dynamics=levels",
    "many-masks": "masks?masks=many",
    "grokking": "grokking?study=modular-grokking",
    "generated": "generated?study=mnist5k-vae",
    "inspector": "geometry?geometry=features&tickets=dense~random-90~magnitude-90~imp-90&corruption=fog&severity=3"
    "&inspect=110",
    "sensitivity": "masks?masks=sensitivity",
    "descent": "?overview=descent",
    "what-if": "masks?masks=what-if",
    "ownership": "ownership?study=digits-ownership",
    "federated": "federated?study=digits-federated",
}


HEIGHTS = {
    "geometry": 1060, "maps": 1060, "attribution": 1060, "similarity": 1060, "ownership": 1100, "inspector": 1180,
}  # fmt: skip
"""Of the window, where the first chart would be cut off at 900 pixels, or lie below the line of what is selected."""
LEVELS = 85
"""Of each colour: in steps of three, which nobody sees, a picture is a fifth smaller."""


@contextmanager
def app() -> Iterator[str]:
    """The address of the app on the shipped study."""
    with tempfile.TemporaryDirectory() as folder, contextmanager(serve)(STUDY, Path(folder)) as url:
        yield url


def shoot(browser: Browser, url: str, name: str, dark: bool) -> Path:
    """Open a page as a visitor sees it first, and keep its picture."""
    scheme: Literal["dark", "light"] = "dark" if dark else "light"
    # drawn larger than it is, so that the picture is sharp on any screen
    size: ViewportSize = {"width": 1440, "height": HEIGHTS.get(name, 900)}
    context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=1.5)
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{url}/{VIEWS[name]}")
    settle(page)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_timeout(3000)
    path = ROOT / "docs" / f"{name}-{scheme}.png"
    page.screenshot(path=path)
    context.close()
    levels = np.rint(np.asarray(Image.open(path).convert("RGB")) / 255 * LEVELS)
    Image.fromarray(np.rint(levels * 255 / LEVELS).astype(np.uint8)).save(path, optimize=True)
    return path


def main(names: list[str]) -> None:
    """Make the pictures of the pages named, of all when none is."""
    path = chromium()
    if path is None:
        sys.exit("No Chromium found: install Debian's chromium, or name one in the variable CHROMIUM.")
    with app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for name in names or VIEWS:
            for dark in (False, True):
                print(shoot(browser, url, name, dark))


if __name__ == "__main__":
    main(sys.argv[1:])
