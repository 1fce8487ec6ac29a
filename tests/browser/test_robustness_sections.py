"""Redundancy, Classes and Fourier in a browser."""

from playwright.sync_api import expect

from tests.browser.conftest import Open, settle
from tests.browser.test_app import until


def test_a_switch_redraws_the_matrix_and_goes_into_the_link(opened: Open) -> None:
    page = opened("robustness?section=redundancy")
    page.get_by_text("Which corruptions fail the same images?").click()
    expect(page.locator(".st-key-card-matrix-corruptions .js-plotly-plot .textpoint text").first).to_be_visible()
    caption = page.locator(".st-key-card-matrix-corruptions [data-testid=stCaptionContainer]").last
    expect(caption).to_contain_text("images")
    page.get_by_role("radio", name="tickets", exact=True).click()
    until(page, lambda: "alike=tickets" in page.url)
    settle(page)
    expect(caption).to_contain_text("Over 5 tickets")


def test_an_exemplar_that_is_clicked_is_the_one_that_samples_shows(opened: Open) -> None:
    page = opened("robustness?section=classes")
    first = page.locator(".st-key-card-exemplar-images button[aria-pressed]").first
    title = first.get_attribute("title") or ""
    first.click()
    until(page, lambda: "sample=" in page.url)
    settle(page)
    sample = page.url.split("sample=")[1].split("&")[0]
    assert f"Image {sample}," in title
    page.get_by_role("link", name="Samples").click()
    settle(page)
    expect(page.get_by_text(f"Image {sample}:").first).to_be_visible()


def test_frequencies_that_were_not_measured_come_with_the_command(opened: Open) -> None:
    page = opened("robustness?section=fourier")
    expect(page.get_by_text("--family fourier")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
