"""The app in a browser: every page in light and dark, links, tickets, and what is lassoed."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.shell import theme
from app.shell.pages import in_order
from app.views.samples.paging import PER_PAGE
from tests.browser.conftest import Open, at_rest, settle
from tests.browser.heights import HEIGHT, fits
from tests.browser.hyphens import hyphens

STUDIES = {
    "grokking": "?study=modular-grokking",
    "generated": "?study=mnist5k-vae",
    "supernet": "?study=digits-supernet",
    "transfer": "?study=mnist5k-transfer",
    "federated": "?study=digits-federated",
    "ownership": "?study=digits-ownership",
}
CHARTS = ".st-key-geometry-charts .js-plotly-plot"


@pytest.mark.parametrize("name", [page.name for page in in_order()])
def test_every_page_opens_and_turns_dark_with_the_system(name: str, opened: Open) -> None:
    # the first one has no path of its own, and some are about the studies of a task alone
    page = opened("" if name == in_order()[0].name else name + STUDIES.get(name, ""))
    for dark in (False, True):
        page.emulate_media(color_scheme="dark" if dark else "light")
        until(page, lambda dark=dark: is_dark(page) == dark)  # type: ignore[misc]
        settle(page)
        expect(page.locator("h1").first).to_be_visible()
        if name != "jobs":
            expect(page.locator(".js-plotly-plot:visible, .sheet:visible").first).to_be_visible()
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        expect(page.locator("[data-testid=stAlertContentError]")).to_have_count(0)
        assert "Traceback" not in page.content()
    assert fits(page), page.evaluate(HEIGHT)
    assert not hyphens(page)


def test_no_page_asks_for_what_is_not_there(opened: Open) -> None:
    page, missing = opened("masks"), list[str]()
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    page.reload()
    settle(page)
    assert missing == []


def is_dark(page: Page) -> bool:
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) < 200


def test_pages_are_reached_by_their_links_and_keep_the_selection(opened: Open) -> None:
    page = opened("?tickets=dense~imp-90")
    for title in ("Masks", "Dynamics", "Geometry", "Robustness", "Samples"):
        page.get_by_role("link", name=title).click()
        expect(page.locator("h1").first).to_have_text(re.compile(title))
        settle(page)
        assert "imp-90" in page.url


def lasso(page: Page, number: int, part: tuple[float, float, float, float] = (0.25, 0.2, 0.75, 0.8)) -> None:
    """Draw a lasso round a part (left, top, right, bottom, as shares) of the number-th panel of the page."""
    panel = page.locator(f"{CHARTS} .nsewdrag").nth(number)
    box = at_rest(page, panel)
    left, top, right, bottom = part
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 0.02)]
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def marked(page: Page) -> list[list[int]]:
    """For each chart, how many points are marked in each panel."""
    texts = page.evaluate(
        f"[...document.querySelectorAll('{CHARTS}')].map(c => c.querySelector('canvas.linked')?.dataset.marked ?? '')"
    )
    return [[int(count) for count in text.split(",") if count] for text in texts]


def until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"It did not happen: {marked(page)} at {page.url}")


def linked(page: Page) -> bool:
    """Whether both charts of the first section of the geometry page take part."""
    return page.locator(f"{CHARTS} canvas.linked").count() == 2


def with_margins(page: Page) -> Page:
    """The first section of the geometry page with its second chart, which is folded."""
    page.get_by_text("Margins: how far images are").click()
    until(page, lambda: linked(page))
    settle(page)
    return page


@pytest.mark.parametrize("number", [0, 3], ids=["angle", "margin"])
def test_a_lasso_marks_the_same_samples_in_every_chart(number: int, opened: Open) -> None:
    page = with_margins(opened("geometry?tickets=dense~imp-90"))
    assert marked(page) == [[], []]
    lasso(page, number)
    until(page, lambda: "samples=" in page.url)
    counts = marked(page)
    assert [len(chart) for chart in counts] == [2, 2]
    assert len({count for chart in counts for count in chart}) == 1
    count = counts[0][0]
    assert 0 < count < 359
    expect(page.locator(".st-key-marked-bar")).to_contain_text(f"{count} image")
    expect(page.locator(".st-key-card-marked")).to_contain_text(f"{count} of 359 images selected")
    page.locator(".st-key-clear-images button").first.click()
    until(page, lambda: "samples=" not in page.url)
    until(page, lambda: marked(page) == [[], []])


def test_marks_are_drawn_on_the_points(opened: Open) -> None:
    page = with_margins(opened("geometry?tickets=dense~imp-90"))
    lasso(page, 0)
    until(page, lambda: bool(marked(page)[1]))
    inked = page.evaluate(
        f"""[...document.querySelectorAll('{CHARTS} canvas.linked')].map(canvas => {{
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let solid = 0;
            for (let i = 3; i < data.length; i += 4) if (data[i] === 255) solid += 1;
            return solid;
        }})"""
    )
    assert all(pixels > 50 for pixels in inked)


def exported(page: Page, card: str) -> np.ndarray:
    """The PNG picture of a card, uint8 [height, width, 3]."""
    with page.expect_download() as download:
        page.locator(f".st-key-head-{card} [data-testid=stPopoverButton]:visible").last.click()
        page.get_by_role("button", name="PNG image").click()
    page.keyboard.press("Escape")
    return np.asarray(Image.open(download.value.path()).convert("RGB"))


def test_the_marks_are_in_the_picture_that_is_saved(opened: Open) -> None:
    page = opened("geometry?geometry=features&tickets=dense~imp-90&colour=correct")
    until(page, lambda: page.locator(f"{CHARTS} canvas.linked").count() == 1)
    good = np.array([int(theme.get("light").good[at : at + 2], 16) for at in (1, 3, 5)])
    before = (exported(page, "maps") == good).all(axis=2).sum()
    lasso(page, 0)
    until(page, lambda: bool(marked(page)[0]))
    after = (exported(page, "maps") == good).all(axis=2).sum()
    assert after > 2 * before  # a mark has the colour itself, a point lets the ground shine through


def test_a_copied_link_shows_the_same_view(opened: Open) -> None:
    page = with_margins(opened("geometry?tickets=dense~imp-90"))
    page.get_by_role("radio", name="Angle", exact=True).click()
    until(page, lambda: "against=angle" in page.url)
    settle(page)
    lasso(page, 0)
    until(page, lambda: "samples=" in page.url)
    other = opened(page.url)
    until(other, lambda: bool(marked(other)) and all(marked(other)))
    with_margins(other)  # marked when it comes, too
    until(other, lambda: all(marked(other)))
    assert marked(other) == marked(page)
    expect(other.get_by_text("Angle to the true class against feature length")).to_be_visible()
    expect(other.locator(".st-key-marked-bar")).to_contain_text("images")


def test_choosing_another_ticket_changes_charts_and_link(opened: Open) -> None:
    page = with_margins(opened("geometry?tickets=dense~imp-90"))
    page.get_by_role("button", name="Random 50 %").click()
    until(page, lambda: "random-50" in page.url)
    settle(page)
    expect(page.locator(f"{CHARTS} .annotation").filter(has_text="Random 50 %")).to_have_count(2)


def test_the_selection_reaches_the_samples_page(opened: Open) -> None:
    page = opened("geometry?tickets=dense~imp-90")
    until(page, lambda: page.locator(f"{CHARTS} canvas.linked").count() == 1)
    lasso(page, 0)
    until(page, lambda: "samples=" in page.url)
    settle(page)
    count = marked(page)[0][0]
    page.get_by_role("link", name="Samples").click()
    expect(page.get_by_text(f"{count} images, most fragile first")).to_be_visible()


def test_a_picture_that_is_clicked_is_seen_closely(opened: Open) -> None:
    page = opened("samples?tickets=dense~imp-90")
    pictures = page.locator(".gallery button")
    expect(pictures).to_have_count(PER_PAGE)
    sample = pictures.nth(4).get_attribute("data-sample")
    pictures.nth(4).click()
    until(page, lambda: f"sample={sample}" in page.url)
    expect(page.get_by_text(re.compile(rf"^Image {sample}:"))).to_be_visible()
    settle(page)  # until then the table of the sample before may stand beside this one's
    expect(page.locator(".readings img")).to_have_count(3)  # clean and the two severities of the study
    sizes = page.evaluate("[...document.querySelectorAll('.readings img')].map(image => image.naturalWidth)")
    assert sizes == [8, 8, 8]
    assert page.evaluate("getComputedStyle(document.querySelector('.readings img')).imageRendering") == "pixelated"
