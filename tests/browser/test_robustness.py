"""The sections of Robustness in a browser: each opens, keeps its choices in the link, and gives its tables away."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.shell.sections import of_page
from tests.browser.conftest import Open, at_rest, settle
from tests.browser.heights import fits
from tests.browser.test_app import until

SECTIONS = {key: section.title for key, section in of_page("robustness").items()}


def test_every_section_is_reached_by_a_click_and_goes_into_the_link(opened: Open) -> None:
    page = opened("robustness")
    first, *others = SECTIONS
    for section in (*others, first):
        page.get_by_role("radio", name=SECTIONS[section], exact=True).click()
        expect(page.locator(f".st-key-section-{section}")).to_be_visible()
        settle(page)
        until(page, lambda at=section: ("section=" not in page.url) if at == first else (f"section={at}" in page.url))  # type: ignore[misc]
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        expect(page.locator("[data-testid=stAlertContentError]")).to_have_count(0)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("element => element.scrollWidth - element.clientWidth") == 0, section
        assert fits(page), section


@pytest.mark.parametrize("section", ["calibration", "lost"])
def test_a_section_opens_by_its_link(section: str, opened: Open) -> None:
    page = opened(f"robustness?section={section}")
    expect(page.get_by_role("radio", name=SECTIONS[section], exact=True)).to_be_checked()
    expect(page.locator(f".st-key-section-{section}")).to_be_visible()


def test_a_cell_that_is_clicked_shows_its_corruption(opened: Open) -> None:
    page = opened("robustness?section=corruptions")
    cell = page.locator(".st-key-card-matrix .js-plotly-plot .textpoint text").first
    box = at_rest(page, cell, None)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, lambda: "corruption=" in page.url)
    settle(page)
    expect(page.get_by_text(re.compile("^Accuracy over severity: (Gaussian|Brightness)"))).to_be_visible()


def test_a_table_is_given_as_latex(opened: Open) -> None:
    page = opened("robustness")
    page.locator(".st-key-menu-ranking-table button").first.click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="LaTeX table").click()
    written = Path(saved.value.path()).read_text()
    assert saved.value.suggested_filename.endswith(".tex")
    assert r"\toprule" in written
    assert "Dense" in written
