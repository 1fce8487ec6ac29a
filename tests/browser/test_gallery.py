"""The gallery in a browser: nothing to scroll sideways, headings that stay, pictures in whole pixels, downloads."""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Open, settle


def test_the_sheet_fits_its_headings_stay_and_it_can_be_saved(opened: Open) -> None:
    page = opened("gallery?image=7")
    pictures = page.locator(".sheet img")
    expect(pictures).to_have_count(19 * 6)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") == 0
    width, own = pictures.first.evaluate("image => [image.getBoundingClientRect().width, image.naturalWidth]")
    assert width % own == 0
    main.evaluate("element => element.scrollTo(0, 400)")
    head = page.locator(".sheet thead th").first
    top = head.evaluate("cell => cell.getBoundingClientRect().top")
    assert 40 <= top <= 70  # below the navigation
    main.evaluate("element => element.scrollTo(0, 0)")
    page.locator(".st-key-menu-sheet button").first.click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG image").click()
    with Image.open(io.BytesIO(Path(saved.value.path()).read_bytes())) as picture:
        assert picture.format == "PNG"
        assert picture.height > 19 * 100
        assert "mage 7, class" in picture.text["Description"]  # type: ignore[attr-defined]


def test_an_uploaded_picture_is_shown_and_survives_another_page(opened: Open, tmp_path: Path) -> None:
    file = tmp_path / "mine.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(file)
    page = opened("gallery?picture=own")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".sheet img")).to_have_count(19 * 6)
    page.get_by_role("link", name="Masks").click()
    settle(page)
    page.get_by_role("link", name="Gallery").click()
    expect(page.locator(".sheet img")).to_have_count(19 * 6)


def test_a_name_leads_to_its_curve(opened: Open) -> None:
    page = opened("gallery?image=7&tickets=dense~imp-90")
    page.get_by_role("link", name="Gaussian blur").click()
    page.wait_for_url("**/robustness?**")
    settle(page)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.get_by_text("Accuracy over severity: Gaussian blur").first).to_be_visible()
    assert "tickets=dense~imp-90" in page.url
    expect(page.get_by_text("passed over")).to_have_count(0)
