"""A chart as a figure for a paper, as it is saved from its card."""

import re
from importlib.util import find_spec
from pathlib import Path

import plotly.graph_objects as go
from playwright.sync_api import Page

from tests.browser.conftest import Open


def saved(page: Page, group: str | None, button: str) -> Path:
    """The file of a button of the open menu."""
    menu = page.locator("[data-testid=stPopoverBody]:visible")
    within = menu.get_by_role("group", name=group) if group else menu
    with page.expect_download() as download:
        within.get_by_role("button", name=button, exact=True).click()
    return Path(download.value.path())


def test_a_figure_for_a_paper(opened: Open) -> None:
    page = opened("overview")
    page.locator(".st-key-head-sparsity [data-testid=stPopoverButton]:visible").last.click()
    svg = saved(page, "8.5 cm", "SVG").read_text()
    assert re.search(r'<svg[^>]* width="8.5cm"', svg)
    assert "@font-face" in svg
    sources = re.findall(r'(?:href|src)="([^"]*)|url\([\'"]?([^\'")]*)', svg)
    assert all((one or other).startswith(("data:", "#")) for one, other in sources)

    wide = saved(page, "17.5 cm", "SVG").read_text()
    texts = set(re.findall(r"<text[^>]*>([^<]+)</text>", wide))
    shown = page.locator(".st-key-card-sparsity .js-plotly-plot text").all_text_contents()
    assert texts >= {text for text in shown if text.strip() and "…" not in text}

    namespace: dict[str, object] = {}
    program = saved(page, None, "Python").read_text().replace("figure.show()", "None")
    exec(program, namespace)
    figure = namespace["figure"]
    assert isinstance(figure, go.Figure)
    assert figure.layout.height == page.locator(".st-key-card-sparsity .js-plotly-plot").evaluate(
        "c => c.layout.height"
    )
    if find_spec("typst"):
        assert saved(page, "8.5 cm", "PDF").read_bytes().startswith(b"%PDF")

    other = page.context.new_page()
    for drawing in (svg, wide):
        other.set_content(f"<body style='margin: 0'>{drawing}</body>")
        other.evaluate("document.fonts.ready")
        outside, sizes = other.evaluate(
            """() => {
                const whole = document.querySelector('svg').getBoundingClientRect();
                const texts = [...document.querySelectorAll('text')].filter((text) => text.textContent.trim());
                const out = texts.filter((text) => {
                    const { left, right, top, bottom } = text.getBoundingClientRect();
                    return left < whole.left - 1 || right > whole.right + 1 || top < -1 || bottom > whole.bottom + 1;
                });
                const scale = document.querySelector('svg').getCTM().a;
                const points = texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * scale * 72 / 96);
                return [out.map((text) => text.textContent), [...new Set(points.map((at) => at.toFixed(2)))]];
            }"""
        )
        assert outside == []
        assert {float(size) for size in sizes} == {8.0}
    other.close()


OVERLAP = """chart => {
    const all = pick => [...chart.querySelectorAll(pick)].map(part => part.getBoundingClientRect());
    const boxes = pick => all(pick).filter(box => box.width);
    const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    const buttons = boxes('.modebar-btn'), bars = boxes('.infolayer .cbbg, .infolayer .colorbar text');
    return [buttons.length, bars.length, buttons.filter(button => bars.some(bar => over(button, bar))).length];
}"""


def test_the_buttons_of_a_chart_lie_beside_its_colour_bar(opened: Open) -> None:
    chart = opened("?overview=descent").locator(".st-key-card-study-map .js-plotly-plot")
    chart.hover()
    buttons, bars, over = chart.evaluate(OVERLAP)
    assert buttons
    assert bars
    assert not over
