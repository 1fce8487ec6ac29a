"""Maps by ticket: means and intervals by hand, the patch that counts, the images that tell most."""

import numpy as np
import pytest
from scipy import stats

from analysis.comparisons.attribution import Attribution
from analysis.comparisons.ticket_attribution import TicketMaps, floored, position, telling

PLACES = {"base": {0: 0, 1: 1, 2: 2}, "imp": {0: 3, 1: 4, 2: 5}, "late": {5: 6}}


def made_up(images: int = 1, places: int = 7) -> list[Attribution]:
    rng = np.random.default_rng(images)
    return [
        Attribution(rng.random((places, 2)), rng.normal(size=(places, 2, 4, 4)), rng.normal(size=(places, 2, 9)),
                    rng.random((places, 2)), np.arange(places) % 3)
        for _ in range(images)
    ]  # fmt: skip


def test_the_interval_over_seeds_is_students() -> None:
    effects = np.random.default_rng(0).normal(size=(4, 1, 3, 2))
    found = floored(effects)
    for at in np.ndindex(3, 2):
        values = effects[(slice(None), 0, *at)]
        low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
        assert found.mean[at] == pytest.approx((low + high) / 2)
        assert found.reach[at] == pytest.approx((high - low) / 2)
        assert found.beyond[at] == (low > 0 or high < 0)


def test_over_images_too_the_error_is_the_sum_of_both() -> None:
    effects = np.random.default_rng(1).normal(size=(3, 5, 2))
    seeds, images = effects.mean(axis=1)[:, 0], effects.mean(axis=0)[:, 0]
    error = np.hypot(stats.sem(seeds), stats.sem(images))
    assert floored(effects).reach[0] == pytest.approx(stats.t.isf(0.025, 2) * error)
    alone = floored(effects[:1])
    assert alone.reach[0] == pytest.approx(stats.t.isf(0.025, 4) * stats.sem(effects[0, :, 0]))


def test_one_network_on_one_image_has_no_floor_and_is_drawn_full() -> None:
    found = floored(np.ones((1, 1, 2, 2)))
    assert np.isnan(found.reach).all()
    assert found.beyond.all()


def test_maps_are_those_of_the_ticket_s_networks() -> None:
    found = made_up(2)
    maps = TicketMaps(found, PLACES, "base")
    expected = np.mean([each.maps[[3, 4, 5], 1] for each in found], axis=(0, 1))
    np.testing.assert_allclose(maps.effect("imp", "length").mean, expected)
    base = np.mean([each.maps[[0, 1, 2], 1] for each in found], axis=(0, 1))
    np.testing.assert_allclose(maps.against_baseline("imp", "length").mean, expected - base)
    unpaired = maps.against_baseline("late", "gap")  # shares no seed with the baseline
    alone = np.mean([each.maps[6, 0] for each in found], axis=0)
    np.testing.assert_allclose(unpaired.mean, alone - maps.effect("base", "gap").mean)
    assert maps.whole("imp").shape == (3, 2, 2)
    table = maps.table("gap").set_index("key")
    assert table.at["imp", "gap"] == pytest.approx(np.mean([each.whole[3:6, 0] for each in found]))
    assert table.index.tolist() == list(PLACES)


def test_the_content_is_worth_what_the_seeds_lose_on_average() -> None:
    found = made_up(2)
    lost = TicketMaps(found, PLACES, "base").content("imp", "gap")
    each = np.mean([each.emptied[[3, 4, 5], 0] for each in found], axis=0)
    assert (lost.mean, lost.low, lost.high) == pytest.approx((each.mean(), each.min(), each.max()))
    assert lost.place is None


def test_differences_are_paired_by_seed() -> None:
    """What a seed does to both tickets is no noise of their difference."""
    (found,) = made_up()
    shared = 10 * np.random.default_rng(3).normal(size=(3, 2, 4, 4))
    found.maps[[3, 4, 5]] = found.maps[[0, 1, 2]] + 1 + 1e-3 * found.maps[[3, 4, 5]]
    found.maps[:3] += shared
    found.maps[3:6] += shared
    maps = TicketMaps([found], PLACES, "base")
    assert maps.against_baseline("imp", "gap").beyond.all()
    assert not maps.effect("imp", "gap").beyond.all()


def test_the_strongest_patch_is_the_largest_mean_over_seeds_of_others_than_the_baseline() -> None:
    (found,) = made_up()
    assert found.hidden is not None
    found.hidden[:, 0] = -1.0
    found.hidden[[0, 1, 2], 0, 8] = 50
    found.hidden[[3, 4, 5], 0, 2] = [4, 6, 8]
    most = TicketMaps([found], PLACES, "base").strongest("gap")
    assert most is not None
    assert (most.key, most.place, most.mean, most.low, most.high) == ("imp", 2, 6, 4, 8)
    alone = TicketMaps([found], {"base": PLACES["base"]}, "base").strongest("gap")
    assert alone is not None
    assert (alone.key, alone.place) == ("base", 8)
    found.hidden[3:, 0] = -1.0
    assert TicketMaps([found], PLACES, "base").strongest("gap") is None
    found.hidden[3:, 0] = np.nan
    assert TicketMaps([found], PLACES, "base").strongest("gap") is None


@pytest.mark.parametrize(
    ("corner", "words"),
    [((0, 0), "upper left"), ((0, 12), "top"), ((12, 12), "centre"), ((12, 24), "right"), ((24, 12), "bottom"),
     ((24, 24), "lower right"), ((12, 0), "left")],
)  # fmt: skip
def test_positions_in_words(corner: tuple[int, int], words: str) -> None:
    assert position(corner, 4, (28, 28)) == words


def test_the_most_telling_image_is_right_for_the_baseline_and_lost_by_most() -> None:
    clean = {key: np.ones(5, bool) for key in ("base", "a", "b")}
    shown = {
        "base": np.array([True, True, True, False, True]),
        "a": np.array([True, False, False, False, True]),
        "b": np.array([True, True, False, False, True]),
    }
    assert telling(clean, shown, "base").tolist() == [2, 1, 3]
    assert telling({"base": clean["base"]}, {"base": shown["base"]}, "base").tolist() == [3]
    assert len(telling(clean, clean, "base")) == 0
