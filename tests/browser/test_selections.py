"""A selection in a browser: from a query to the robustness of its images to their CSV."""

import csv
from io import StringIO
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from analysis.comparisons import of_study
from analysis.comparisons.queried_images import ask, images_where
from pruning.study.folder import Study
from tests.browser.conftest import Open, settle
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
    page.locator(".st-key-head-ranking-selected [data-testid=stPopover] button").click()
    rows = {row["ticket"]: row for row in saved(page, "CSV table")}
    page.keyboard.press("Escape")
    outcomes = of_study.outcomes(study, ["dense", "imp-90"])
    noisy = [place for place, condition in enumerate(outcomes.conditions) if condition != ("clean", 0)]
    for key, label in (("dense", "Dense"), ("imp-90", "IMP 90 %")):
        expected = 100 * outcomes.of_images(found).right[key][:, noisy].mean()
        np.testing.assert_allclose(float(rows[label]["accuracy"]), expected, atol=1e-6)

    page.locator(".st-key-select-images-open button").first.click()
    images = saved(page, "CSV")
    assert [int(row["sample"]) for row in images] == found.tolist()
    assert all(row["dense predicts"] == row["class"] != row["imp-90 predicts"] for row in images)
