"""What stands in the cells of tables of our own stays in them; and how texts on a page are looked through."""

import pandas as pd
import pytest
from playwright.sync_api import BrowserContext

from app.assets import read
from app.shell import theme
from app.views.samples.charts import predictions
from tests.browser.hyphens import hyphens

OUTSIDE = """() => [...document.querySelectorAll('td')].flatMap(cell => {
    const box = cell.getBoundingClientRect();
    return [...cell.children].filter(part => {
        const own = part.getBoundingClientRect();
        return own.left < box.left - 1 || own.right > box.right + 1 || own.bottom > box.bottom + 1;
    }).map(part => part.textContent);
})"""


@pytest.mark.parametrize("width", [500, 800])
@pytest.mark.parametrize("classes", [("7", "8"), ("automobile", "airplane"), ("Chesapeake Bay retriever", "ox")])
def test_predictions_stay_in_their_cells(profile: BrowserContext, width: int, classes: tuple[str, str]) -> None:
    rows = [("a", level, level % 2, 0.88) for level in range(6)]
    table = pd.DataFrame(rows, columns=["ticket_id", "severity", "prediction", "confidence"])
    styles = theme.styles([("a", "magnitude", 0.9, "Magnitude 90 %")], ["magnitude"], "light")
    html = predictions.predictions(table, styles, dict.fromkeys(range(6), ""), 0, classes, theme.get("light"))
    page = profile.new_page()
    page.set_content(f"<style>{read('readings.css')}</style><div style='width: {width}px'>{html}</div>")
    assert page.locator("td").count() == 6
    assert page.evaluate(OUTSIDE) == []
    page.close()


def test_a_hyphen_before_a_number_is_found_and_one_in_a_name_is_not(profile: BrowserContext) -> None:
    texts = "<p>a (-3.2 to 1)</p><p>imp-90, 1-2, −4</p><code>--sparsity -1</code><svg><text>-.5</text></svg>"
    page = profile.new_page()
    page.set_content(f"<div data-testid='stMain'>{texts}</div>")
    assert hyphens(page) == ["a (-3.2 to 1)", "-.5"]
    page.close()
