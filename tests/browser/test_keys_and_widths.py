"""Keys and narrow windows: one stop of the Tab key for the tickets, and nothing side by side that has no room."""

from playwright.sync_api import expect

from tests.browser.conftest import Open, settle
from tests.browser.contrast import low, wordless
from tests.browser.cut import cut
from tests.browser.heights import HEIGHT, fits

WITH_UNITS = r"""[/\d\u00a0%/, /\d %/].map((unit) => [
    ...document.querySelectorAll("[data-testid=stMain] [data-testid=stMarkdownContainer] p")
].some((part) => unit.test(part.textContent)))"""
"""Whether a number and its sign of per cent stand together anywhere, and whether any two might be torn apart."""


def test_the_tickets_are_one_stop_and_arrows_go_through_them(opened: Open) -> None:
    page = opened("?tickets=dense~imp-90")
    dots = page.locator(".picker button")
    expect(dots.first).to_be_visible()
    stops = ".picker button[tabindex='0']"
    assert dots.count() > 10
    expect(page.locator(stops)).to_have_count(1)
    page.locator(stops).focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".picker button[aria-label='Dense']")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(stops)).to_be_focused()
    expect(page.locator(stops)).to_have_text("Dense")
    page.keyboard.press("ArrowDown")
    expect(page.locator(stops)).to_have_text("Random")
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('.picker')")
    page.locator(stops).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**random-50**")
    settle(page)
    expect(page.locator(stops)).to_have_count(1)


def test_charts_side_by_side_lie_below_one_another_where_there_is_no_room(opened: Open) -> None:
    page = opened("masks")
    places = []
    for width in (1440, 1024):
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        page.wait_for_timeout(300)
        boxes = [page.locator(f".st-key-card-{name}").bounding_box() for name in ("matrix", "pair")]
        assert boxes[0] is not None
        assert boxes[1] is not None
        places.append(boxes[1]["x"] > boxes[0]["x"] + boxes[0]["width"] / 2)
    page.set_viewport_size({"width": 1440, "height": 900})
    assert places == [True, False]


def test_a_page_that_does_not_exist_says_so(opened: Open) -> None:
    page = opened("nosuchpage")
    expect(page.locator("h1")).to_have_text("No such page")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_tallest_pages_are_no_taller_than_two_screens_before_something_is_unfolded(opened: Open) -> None:
    for path in ("?overview=descent", "samples?among=one", "geometry?geometry=global"):
        page = opened(path)
        assert fits(page), (path, page.evaluate(HEIGHT))


def test_what_is_folded_is_sent_once_it_is_opened(opened: Open) -> None:
    page = opened("samples")
    card = page.locator(".st-key-card-samples-brush")
    expect(card.locator(".js-plotly-plot")).to_have_count(0)
    card.locator("summary").click()
    expect(card.locator(".js-plotly-plot")).to_have_count(1)
    card.locator("summary").click()
    expect(card.locator(".js-plotly-plot")).to_have_count(0)


def test_text_reads_against_its_ground_and_charts_have_words_in_light_and_in_dark(opened: Open) -> None:
    """WCAG 2, AA: 4.5, or 3 where text is large."""
    page = opened("masks?masks=many")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.reload()
        settle(page)
        page.wait_for_timeout(800)
        assert not low(page), scheme
    assert not wordless(page)
    expect(page.get_by_role("figure", name="Pairwise overlap beside chance. ")).to_be_visible()


def test_texts_of_charts_are_neither_cut_nor_over_one_another_in_a_narrow_window(opened: Open) -> None:
    for path in ("geometry", "robustness?section=calibration"):
        page = opened(path)
        page.set_viewport_size({"width": 1024, "height": 900})
        settle(page)
        page.wait_for_timeout(600)
        assert not cut(page), path
        assert page.evaluate(WITH_UNITS) == [True, False], path
        page.set_viewport_size({"width": 1440, "height": 900})
