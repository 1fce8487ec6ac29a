"""Pruned by hand in a browser: sliders, a branch, keep, and found again from its recipe."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pruning.api import find_ticket
from pruning.study.folder import Study
from pruning.study.runner import run
from tests.browser.conftest import Open, settle


@pytest.fixture
def restored(twin: Path) -> Iterator[Path]:
    """The second study, which is as it was afterwards."""
    kept = {each: each.read_bytes() for each in (twin / "study.toml", twin / "log.jsonl") if each.is_file()}
    there = set((twin / "tickets").iterdir())
    cached = (twin / "cache").is_dir()
    yield twin
    for file, content in kept.items():
        file.write_bytes(content)
    for ticket in set((twin / "tickets").iterdir()) - there:
        ticket.unlink()
    if not cached:
        shutil.rmtree(twin / "cache", ignore_errors=True)


def test_sliders_are_kept_and_found_again_from_the_recipe(opened: Open, restored: Path) -> None:
    page = opened("masks?study=twin&masks=what-if&tickets=dense~imp-90")
    first, second = (page.get_by_role("slider", name=name) for name in ("fc1", "fc2"))
    first.press("End")
    points = page.locator("[class*=st-key-card-branches] .points path.point")
    expect(points).to_have_count(2)
    settle(page)
    page.get_by_role("button", name="Undo").click()
    expect(first).to_have_value("0")
    settle(page)
    second.press("End")
    expect(points).to_have_count(3)  # two branches from the whole network
    settle(page)
    share = float(second.input_value()) / 100
    assert share > 0.9
    page.get_by_text("Keep it as a method").click()
    expect(page.locator("[data-testid=stCode]").first).to_contain_text(f'"fc2" = {share:g}')
    settle(page)
    page.get_by_role("button", name="Write it into this study").click()
    expect(page.get_by_text("It is written down")).to_be_visible()

    assert len(run(Study.open(restored)).found) == 2  # a seed each
    study = Study.open(restored)
    entry = next(each for each in study.entries() if each.recipe.method == "by_hand" and each.recipe.seed == 0)
    ticket = study.load(entry.id)
    removed = {name: 1 - float(mask.float().mean()) for name, mask in ticket.masks.items()}
    assert removed == pytest.approx({"fc1.weight": 0, "fc2.weight": share, "fc3.weight": 0}, abs=1e-4)
    assert find_ticket(entry.recipe).digest == ticket.digest  # from nothing but its recipe

    key = f"by_hand-{100 * entry.recipe.sparsity:g}"
    story = opened(f"overview?study=twin&overview=story&story={key}&tickets={key}")
    expect(story.locator(".recipe")).to_contain_text(re.compile("by hand", re.IGNORECASE))
    expect(story.locator(".recipe")).to_contain_text(f"{share:g}")
