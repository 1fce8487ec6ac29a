"""Dynamics and the views of Masks in a browser: reached by clicks, drawn, and kept in the link."""

import pytest
from playwright.sync_api import expect

from app.shell.sections import of_page
from tests.browser.conftest import Open, settle
from tests.browser.heights import fits

DRAWN = ":is(.js-plotly-plot, [class*=st-key-empty-], [data-testid=stSlider])"


@pytest.mark.parametrize("page", ["dynamics", "masks"])
def test_every_view_is_reached_by_a_click(page: str, opened: Open) -> None:
    views = {key: section.title for key, section in of_page(page).items() if key != "sensitivity"}  # not of this study
    shown = opened(f"{page}?tickets=dense~random-90~magnitude-90~imp-90")
    for view, title in reversed(views.items()):  # the first one is shown already
        shown.get_by_role("radio", name=title, exact=True).click()
        expect(shown.locator(f".st-key-{page}-{view}")).to_be_visible()
        settle(shown)
        expect(shown.locator(f".st-key-{page}-{view} {DRAWN}").first).to_be_visible()
        expect(shown.locator("[data-testid=stException]")).to_have_count(0)
        expect(shown.locator("[data-testid=stAlertContentError]")).to_have_count(0)
        assert fits(shown), view
        assert (f"{page}={view}" in shown.url) == (view != next(iter(views)))


def test_the_line_of_a_ticket_is_drawn_where_it_was_noted(opened: Open) -> None:
    page = opened("dynamics?tickets=dense~imp-90&curves=controls")
    names = page.locator(".st-key-card-curves .annotation-text")  # at the ends of the lines
    expect(names).to_have_text(["Dense", "IMP 90 %", "IMP shuffled 90 %"])
    page.get_by_role("combobox", name="Measure").click()
    page.get_by_role("option", name="Test loss").click()
    expect(page.get_by_text("Test loss during training")).to_be_visible()
    assert "curve=test_loss" in page.url
    page.get_by_role("radio", name="Small multiples").click()
    panels = page.locator(".st-key-card-curves .annotation-text")
    expect(panels).to_contain_text(["● Dense", "● IMP 90 %", "● IMP shuffled 90 %", "Test loss"])
    assert "as=panels" in page.url
