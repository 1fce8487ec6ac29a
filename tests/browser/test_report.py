"""A report opened from disk, with the network off."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.app.report.made import report


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_opens_offline(
    scheme: str, browser: Browser, tiny_study: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = report(tiny_study, tmp_path_factory)
    context = browser.new_context(offline=True, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    asked: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.extend([message.text] if message.type == "error" else []))
    page.goto(file.as_uri())
    for chart in page.locator("[data-chart]:visible").all():
        chart.scroll_into_view_if_needed()
        chart.locator(".main-svg").first.wait_for()
    assert drawn_points(page) > 100
    assert page.evaluate("window.hacked") is None
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = page.locator(".main-svg text").first.evaluate("text => getComputedStyle(text).fill")
    assert (brightness(ground) < brightness(ink)) == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
    assert asked == [file.as_uri()]
    assert not troubles


def drawn_points(page: Page) -> int:
    """How many images the maps show."""
    return page.locator(".scatterlayer .point").count()


def brightness(colour: str) -> float:
    """Of a colour as a browser writes it."""
    return sum(map(float, colour[colour.index("(") + 1 : -1].split(",")[:3])) / 3
