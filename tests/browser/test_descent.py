"""The study as a map in a browser: a click chooses a ticket, a button what belongs to it."""

from playwright.sync_api import expect

from tests.browser.conftest import Open, at_rest, settle


def test_a_click_chooses_a_ticket_and_a_button_its_children(opened: Open) -> None:
    page = opened("?overview=descent&tickets=dense")
    points = page.locator(".st-key-card-study-map .scatterlayer .trace:last-child path.point")
    expect(points).to_have_count(9)
    settle(page)
    place = page.evaluate(
        """() => {
            const chart = document.querySelector('.st-key-card-study-map .js-plotly-plot');
            const trace = chart.data.length - 1;
            return chart.data[trace].customdata.findIndex(each => [each].flat()[0] === 'imp-90');
        }"""
    )
    box = at_rest(page, points.nth(place), None)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("The 2 tickets differ in")).to_be_visible()
    assert "imp-90" in page.url
    settle(page)
    page.get_by_role("button", name="Parents (1)").click()  # IMP 50 %, from which it went on
    expect(page.get_by_text("The 3 tickets differ in")).to_be_visible()
    assert "imp-50" in page.url
