"""A selection in a browser: from a query to the robustness of its images to their CSV, and by a brush over bars."""

import csv
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import Page, expect

from analysis.comparisons import of_study
from analysis.comparisons.queried_images import ask, images_where
from pruning.study.folder import Study
from tests.browser.conftest import Open, at_rest, settle
from tests.browser.test_linked import told, until

QUERY = "wrong for imp-90 under gaussian_noise 3 and right for dense under gaussian_noise 3"


def saved(page: Page, button: str) -> list[dict[str, str]]:
    """The rows of the CSV that a button gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    return list(csv.DictReader(StringIO("\n".join(line for line in lines if not line.startswith("#")))))


def test_from_a_query_to_the_robustness_of_its_images_to_their_csv(opened: Open, tiny_study: Path) -> None:
    study = Study.open(tiny_study)
    found = images_where(study, QUERY)
    page = opened("masks?tickets=dense~imp-90&corruption=gaussian_noise&severity=3")  # a page without any image
    page.get_by_role("button", name="Select images").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Start with a condition").click()
    dialog.get_by_role("button", name="Add a condition").click()
    expect(dialog.get_by_role("textbox", name="As text, which is in the link too")).to_have_value(QUERY)
    expect(dialog.get_by_text(f"{len(found)} of {len(ask(study).labels)} test images fit")).to_be_visible()
    dialog.get_by_role("button", name="Select", exact=True).click()
    expect(dialog).not_to_be_visible()
    until(page, lambda: told(page) == set(found.tolist()))
    expect(page.locator(".st-key-clear-images")).to_contain_text(f"{len(found)} images")

    page.get_by_role("link", name="Robustness").click()
    settle(page)
    page.get_by_role("radio", name=f"The {len(found)} selected").click()
    expect(page.get_by_text(f"on the selected images ({len(found)})")).to_be_visible()
    settle(page)
    page.locator(".st-key-head-ranking-selected [data-testid=stPopoverButton]:visible").last.click()
    rows = {row["ticket"]: row for row in saved(page, "CSV table")}
    page.keyboard.press("Escape")
    outcomes = of_study.outcomes(study, ["dense", "imp-90"])
    counted = ("gaussian_noise", "brightness")  # the third one, a blur, is no part of the mean
    noisy = [place for place, (corruption, _) in enumerate(outcomes.conditions) if corruption in counted]
    for key, label in (("dense", "Dense"), ("imp-90", "IMP 90 %")):
        expected = 100 * outcomes.of_images(found).right[key][:, noisy].mean()
        np.testing.assert_allclose(float(rows[label]["accuracy"]), expected, atol=1e-6)

    page.get_by_role("link", name="Samples").click()
    settle(page)
    page.locator(".st-key-card-samples-brush summary").click()
    bars = page.locator(".st-key-card-samples-brush .nsewdrag").first
    expect(bars).to_be_visible()
    settle(page)
    box = at_rest(page, bars, "select")
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60, steps=5)
    page.mouse.up()
    until(page, lambda: told(page) != set(found.tolist()))
    words = parse_qs(urlsplit(page.url).query)["samples-of"][0]
    assert words.startswith("margin of imp-90 under gaussian_noise 3 between ")
    found = images_where(study, words)
    assert 0 < len(found) < len(ask(study).labels)
    assert told(page) == set(found.tolist())

    page.locator(".st-key-select-images-open button").first.click()
    images = saved(page, "CSV")
    assert [int(row["sample"]) for row in images] == found.tolist()
    given = of_study.predictions(study, ["imp-90"])
    classes = given.predicted["imp-90"][0, given.conditions.index(("gaussian_noise", 3))]
    assert [int(row["imp-90 predicts"]) for row in images] == classes[found].tolist()
