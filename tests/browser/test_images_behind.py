"""A number leads to its images in a browser: from a cell of the confusion matrix to the pictures on Samples."""

import re
from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from analysis.results.store import Results
from app.shell.codec import decode_samples
from pruning.study.folder import Study
from tests.browser.conftest import Open, at_rest, settle
from tests.browser.test_linked import until

CARD = ".st-key-card-global-tickets .js-plotly-plot"
# Of each cell of the first matrix: what a click tells, its names, and where it is on the screen.
CELLS = f"""(() => {{
    const chart = document.querySelector('{CARD}');
    const host = chart.querySelector('.svg-container').getBoundingClientRect();
    return chart._fullData.filter(trace => trace.type === 'scatter' && trace.customdata).flatMap(trace =>
        [...trace.customdata].map((told, place) => {{
            const [x, y] = ['x', 'y'].map(each => chart._fullLayout[trace[each + 'axis'].replace(/^[xy]/, '$&axis')]);
            const at = [host.left + x._offset + x.c2p(trace.x[place]), host.top + y._offset + y.c2p(trace.y[place])];
            const bold = trace.hovertext[place].match(/<b>(.*?)<\\/b>/g);
            return {{told, at, names: bold.map(each => each.slice(3, -4))}};
        }}));
}})()"""


def test_from_a_cell_of_the_confusion_to_the_pictures_of_its_images(opened: Open, tiny_study: Path) -> None:
    page = opened("geometry?geometry=global&tickets=dense~random-90")
    until(page, lambda: page.locator(f"{CARD} g.points").count() > 0)
    settle(page)
    at_rest(page, page.locator(f"{CARD} g.points").first, None)
    names = list(Study.open(tiny_study).entries()[0].info.classes)
    rows = Results(tiny_study).table("samples")
    best, count = None, 0
    for cell in page.evaluate(CELLS):
        ticket, kind, *_ = cell["told"].split()
        own, other = map(names.index, cell["names"][:2])
        found = rows[(rows["ticket_id"] == ticket) & (rows["label"] == own) & (rows["prediction"] == other)]
        if kind == "errors" and own != other and len(found) > count:
            best, count, images = cell, len(found), np.sort(found["sample"].to_numpy())
    assert best is not None
    page.mouse.click(*best["at"])
    until(page, lambda: "samples=" in page.url)
    settle(page)
    link = re.search(r"samples=([^&]*)", page.url)
    assert link is not None
    assert decode_samples(link[1]).tolist() == images.tolist()
    many = f"{count} image{'' if count == 1 else 's'}"
    expect(page.locator(".st-key-marked-bar")).to_contain_text(f"{many}: {best['names'][0]} taken for")

    page.get_by_role("link", name="Samples").click()
    expect(page.get_by_text(f"Selected ({count})")).to_be_visible()
    expect(page.locator(".st-key-card-gallery button[aria-pressed]")).to_have_count(min(count, 20))
