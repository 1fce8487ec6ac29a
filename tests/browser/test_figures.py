"""A chart as a figure for a paper, as it is saved from its card."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from playwright.sync_api import Page

from app.assets import read
from app.shell import theme
from app.shell.codec import encode_samples
from tests.browser.conftest import Open, settle


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


def test_a_figure_for_a_paper_shows_the_selection_and_is_light_and_whole(opened: Open) -> None:
    page = opened(f"geometry?samples={encode_samples(np.arange(3))}")
    page.emulate_media(color_scheme="dark")
    page.reload()
    settle(page)
    page.locator(".st-key-head-angle-length [data-testid=stPopoverButton]:visible").last.click()
    namespace: dict[str, object] = {}
    exec(saved(page, None, "Python").read_text().replace("figure.show()", "None"), namespace)
    figure = namespace["figure"]
    assert isinstance(figure, go.Figure)
    assert figure.layout.paper_bgcolor == "#ffffff"
    assert figure.layout.template.layout.font.color == theme.get("light").ink
    points = [trace for trace in figure.data if (trace.meta or {}).get("kind") == "samples"]
    marked = [trace for trace in points if trace.marker.opacity == 1]
    assert marked
    assert all(set(trace.customdata) == {0, 1, 2} for trace in marked)
    for trace in [each for each in points if each.marker.opacity != 1]:
        assert not {0, 1, 2} & set(trace.customdata)
        assert trace.marker.opacity < 0.3
        assert trace.marker.size < marked[0].marker.size

    wide = saved(page, "17.5 cm", "SVG").read_text()
    assert "rgb(255, 255, 255)" in wide
    assert theme.get("dark").surface not in wide


def test_text_that_does_not_fit_is_broken_left_out_or_the_column_is_not_offered(opened: Open) -> None:
    page = opened("geometry")
    script = "".join(read(name) for name in ("samples.js", "fitting.js"))
    page.evaluate(f"(() => {{ {script}; window.atWidth = atWidth; window.inLines = inLines; }})()")
    draw = """async ({data, layout}) => {
        const {svg, unfit, said} = await atWidth({data, layout, height: 300}, 8.5);
        return [unfit ?? '', said ?? '', svg ? [...svg.matchAll(/<tspan[^>]*>([^<]+)/g)].map(([, text]) => text) : []];
    }"""
    long = "a title of a good many words that is far wider than one column of any paper is"
    unfit, _, texts = page.evaluate(draw, go.Figure(go.Scatter(y=[1, 2]), {"xaxis": {"title": long}}).to_plotly_json())
    assert not unfit
    assert " ".join(texts) == long

    cells = go.Figure(go.Heatmap(z=[[1] * 20], text=[["12.34"] * 20], texttemplate="%{text}"))
    unfit, said, _ = page.evaluate(draw, cells.to_plotly_json())
    assert not unfit
    assert "left out" in said

    crowded = {"xaxis": {"tickvals": list(range(30)), "ticktext": ["unbreakable"] * 30, "tickangle": 0}}
    unfit, _, _ = page.evaluate(draw, go.Figure(go.Scatter(y=list(range(30))), crowded).to_plotly_json())
    assert "17.5 cm" in unfit
    assert page.evaluate("inLines('<b>Magnitude 90 %</b>')") == "<b>Magnitude<br>90 %</b>"


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
