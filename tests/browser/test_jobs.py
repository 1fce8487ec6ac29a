"""Import, prune, measure and compare without a terminal, the app restarted in the middle."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from playwright.sync_api import BrowserContext, Page, expect

from app.jobs import queue
from pruning.models import build_model
from tests import ROOT
from tests.browser.conftest import settle, start_streamlit


@contextmanager
def app(folder: Path) -> Iterator[str]:
    """The address of the app, started in a folder of a user's."""
    for url, _ in start_streamlit(ROOT / "app" / "serving.py", folder, {}, where=folder):
        yield url


@pytest.fixture
def tab(profile: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A tab; jobs that a failure leaves behind are ended."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PRUNING_STUDIES", "")
    page = profile.new_page()
    yield page
    page.close()
    for job in queue.jobs()[0]:
        queue.cancel(job)


def test_from_a_checkpoint_to_a_comparison_without_a_terminal(tab: Page, tmp_path: Path) -> None:
    torch.save(build_model("lenet300", 10, (1, 8, 8), seed=0).state_dict(), tmp_path / "net.pt")
    with app(tmp_path) as url:
        _open(tab, f"{url}/jobs")  # of a study that ships, which stays as it is
        expect(tab.get_by_text("ships with the project")).to_be_visible()
        tab.get_by_role("button", name="Add a study").click()
        tab.get_by_label("Checkpoint on this machine").fill("net.pt")
        _choose(tab, "Data set", "digits")
        tab.get_by_role("button", name="Import", exact=True).click()
        window = tab.get_by_role("dialog")
        command = window.get_by_role("code").filter(has_text=" -m pruning import net.pt --data digits")
        expect(command).to_be_visible()
        window.get_by_role("button", name="Open the study").click()
        expect(tab.get_by_text("Prune net", exact=True)).to_be_visible()
        settle(tab)
        _choose(tab, "Methods", "Magnitude")
        tab.keyboard.press("Escape")
        tab.get_by_text("Measure them then").click()
        tab.get_by_role("button", name="Prune", exact=True).click()
        expect(tab.locator(".st-key-jobs-line").get_by_text("Prune net").first).to_be_visible()
        for table in ("conditions", "summary"):
            _choose(tab, "Tables", table)
        tab.keyboard.press("Escape")
        expect(tab.get_by_text("--only conditions --only summary")).to_be_visible()
        tab.get_by_role("button", name="Measure", exact=True).click()
        expect(tab.locator("[class*='st-key-job-']")).to_have_count(3)
    # the app is closed, and what was asked for goes on
    with app(tmp_path) as url:
        _open(tab, f"{url}/jobs?study=net")
        rows = tab.locator("[class*='st-key-job-']")
        expect(rows).to_have_count(3)
        expect(rows.filter(has_text="--method magnitude --sparsity 0.9")).to_have_count(1)
        expect(rows.filter(has_text="done after")).to_have_count(3)
        _open(tab, f"{url}/?study=net")
        expect(tab.get_by_text("Difference in accuracy to Dense")).to_be_visible()
        expect(tab.locator(".js-plotly-plot").get_by_text("Magnitude 90 %").first).to_be_visible()


def _open(tab: Page, url: str) -> None:
    tab.set_default_timeout(90_000)
    tab.goto(url)
    settle(tab)


def _choose(tab: Page, label: str, option: str) -> None:
    """Type into a menu until the option is there, and take it."""
    field = tab.get_by_role("combobox", name=label)
    field.fill(option)
    expect(tab.get_by_role("option", name=option).first).to_be_visible()
    field.press("Enter")
