"""The inspector in a browser: from a point to its image, to a neighbour, to the map, without leaving the page."""

import numpy as np
from playwright.sync_api import Page, expect

from app.shell.codec import encode_samples
from tests.browser.conftest import Open, at_rest, settle
from tests.browser.test_linked import CHARTS, places, read, until


def inspected(page: Page) -> int | None:
    """The image that the URL says is open."""
    query = dict(part.split("=", 1) for part in page.url.partition("?")[2].split("&") if "=" in part)
    return int(query["inspect"]) if "inspect" in query else None


def lonely(points: np.ndarray, size: tuple[float, float], corner: tuple[float, float]) -> int:
    """The place of the point that is farthest from all others, well within the panel."""
    within = ((points > np.array(corner) + 20) & (points < np.array(corner) + np.array(size) - 20)).all(axis=1)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2) + np.diag(np.full(len(points), np.inf))
    return int(np.where(within, apart.min(axis=1), -1).argmax())


def test_from_a_point_to_its_image_to_a_neighbour_to_the_map(opened: Open) -> None:
    page = opened("geometry?tickets=dense~imp-90")
    until(page, lambda: page.locator(f"{CHARTS} canvas.linked").count() == page.locator(CHARTS).count() > 0)
    at_rest(page, page.locator(f"{CHARTS} .nsewdrag").first)
    panel = read(page)[0]["panels"][0]
    at = places(panel)
    which = lonely(at, panel["size"], panel["corner"])
    page.mouse.move(*at[which])
    page.mouse.click(*at[which])
    inspector = page.locator(".st-key-inspector")
    sample = panel["samples"][which]
    expect(inspector.get_by_role("heading", name=f"Image {sample}:")).to_be_visible()
    assert inspected(page) == sample
    expect(inspector.locator(".near button").first).to_be_visible()

    neighbour = inspector.locator(".near button").first
    other = int(neighbour.get_attribute("data-ask").split(":")[1].strip(" }"))  # type: ignore[union-attr]
    neighbour.click()
    expect(inspector.get_by_role("heading", name=f"Image {other}:")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(inspector.get_by_role("heading", name=f"Image {max(0, other - 1)}:")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(inspector.get_by_role("heading", name=f"Image {max(0, other - 1) + 1}:")).to_be_visible()

    inspector.get_by_role("button", name="Show on the map").click()
    expect(page.get_by_text("Map of the features")).to_be_visible()
    until(page, lambda: page.locator(f"{CHARTS} .linked-pin > div").count() == 2)  # a ring a ticket
    settle(page)
    page.keyboard.press("Escape")
    expect(inspector).not_to_be_visible()
    until(page, lambda: page.locator(f"{CHARTS} .linked-pin > div").count() == 0)
    assert inspected(page) is None


def test_the_keys_go_through_the_selection_and_its_neighbours_join_it(opened: Open) -> None:
    marked = encode_samples(np.array([4, 9, 30]))
    page = opened(f"masks?tickets=dense~imp-90&samples={marked}&inspect=9")  # a page without any image
    inspector = page.locator(".st-key-inspector")
    expect(inspector.get_by_text("2 of 3 selected images")).to_be_visible()
    page.get_by_role("button", name="Select images").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Start with a condition")).to_be_visible()
    page.keyboard.press("ArrowRight")  # over a dialog it is not the inspector's
    settle(page)
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    assert inspected(page) == 9
    for image in (30, 4, 9):
        page.keyboard.press("ArrowRight")
        expect(inspector.get_by_role("heading", name=f"Image {image}:")).to_be_visible()
    inspector.get_by_role("button", name="More like this").click()
    until(page, lambda: f"samples={marked}" not in page.url)
    expect(inspector.get_by_text("of 3 selected images")).not_to_be_visible()


def test_back_leads_to_the_image_that_was_closed_and_to_the_page_without_any(opened: Open) -> None:
    page = opened("samples")
    inspector = page.locator(".st-key-inspector")
    page.locator(".st-key-card-gallery .gallery button").nth(2).click()
    expect(inspector).to_be_visible()
    settle(page)
    page.keyboard.press("Escape")
    expect(inspector).not_to_be_visible()
    settle(page)
    page.go_back()
    expect(inspector).to_be_visible()
    settle(page)
    page.go_back()
    expect(inspector).not_to_be_visible()
    assert inspected(page) is None


def test_a_way_to_another_page_is_one_step_back(opened: Open) -> None:
    page = opened("samples?tickets=dense~imp-90&inspect=9")
    page.locator(".st-key-inspector").get_by_role("button", name="Show on the map").click()
    page.wait_for_url("**/geometry?**")
    settle(page)
    page.go_back()
    page.wait_for_url("**/samples?**inspect=9**")
    settle(page)
    assert "tickets=dense~imp-90" in page.url


def test_the_keys_follow_the_page_s_order_and_the_page_follows_them(opened: Open) -> None:
    page = opened("samples")
    inspector, pictures = page.locator(".st-key-inspector"), page.locator(".st-key-card-gallery .gallery button")
    listed = [int(each.get_attribute("data-sample") or "") for each in pictures.all()]
    assert listed != sorted(listed)
    pictures.last.click()
    expect(inspector.get_by_text(f"{len(listed)} of")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    _is_looked_at(page, listed[-2])
    page.keyboard.press("ArrowRight")
    _is_looked_at(page, listed[-1])
    page.keyboard.press("ArrowRight")  # onto the next page of the gallery
    expect(page.locator(f".gallery [data-sample='{listed[-1]}']")).to_have_count(0)
    first = int(pictures.first.get_attribute("data-sample") or "")
    assert first not in listed
    _is_looked_at(page, first)


def _is_looked_at(page: Page, sample: int) -> None:
    """In the inspector, in the gallery, and in the table beside it."""
    expect(page.locator(".st-key-inspector").get_by_role("heading", name=f"Image {sample}:")).to_be_visible()
    expect(page.locator(".gallery [aria-pressed=true]")).to_have_attribute("data-sample", str(sample))
    expect(page.locator(".st-key-head-sample").get_by_text(f"Image {sample}:")).to_be_visible()
