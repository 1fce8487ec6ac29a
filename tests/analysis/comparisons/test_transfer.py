"""Transfer of tickets: intervals over seeds and draws, and verdicts, worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from analysis.comparisons.transfer import against, curves, levelled, right

N = 20
STUDENT = 4.302653  # 97.5 % of Student's distribution with two degrees of freedom
COUNTS = {"a": (18, 17, 19), "dense": (12, 14, 10)}  # images right, a seed each
ERRORS = {"a": (0.10, 0.12, 0.11), "dense": (0.30, 0.25, 0.32)}


def row(key: str, seed: int, draw: int, hits: int, ece: float, way: str = "probe", shots: int = 0) -> dict[str, object]:
    """A row of the table: the first so many of the images are right."""
    bits = np.packbits(np.arange(N) < hits).tobytes()
    place = {"key": key, "method": key, "sparsity": 0.0, "seed": seed, "kind": "digits", "way": way, "shots": shots}
    return {**place, "draw": draw, "n": N, "accuracy": hits / N, "ece": ece, "right": bits, "upstream": 0.9}


def table(way: str = "probe", noise: float = 0.0) -> pd.DataFrame:
    """Two tickets of three seeds."""
    wave = (1.0, -1.0, 0.5)
    return pd.DataFrame(
        [
            row(key, seed, 0, COUNTS[key][seed], ERRORS[key][seed] + noise * wave[seed] * (key == "a"), way)
            for key in COUNTS
            for seed in range(3)
        ]
    )


def test_of_several_seeds_the_interval_is_over_their_means_over_draws() -> None:
    hits = {0: (10, 12), 1: (14, 16), 2: (9, 11)}
    rows = pd.DataFrame([row("a", seed, draw, hits[seed][draw], 0.1) for seed in hits for draw in (0, 1)])
    (found,) = curves(rows, "accuracy").to_dict("records")
    # means of the seeds .55, .75, .5: mean .6, standard deviation sqrt((.05^2 + .15^2 + .1^2) / 2) = .132288
    reach = STUDENT * 0.132288 / 3**0.5
    assert found["value"] == pytest.approx(0.6)
    assert found["low"] == pytest.approx(0.6 - reach, abs=1e-5)
    assert found["high"] == pytest.approx(0.6 + reach, abs=1e-5)
    assert (found["seeds"], found["draws"], found["over"]) == (3, 2, "seeds")


def test_of_one_seed_it_is_over_draws_and_of_one_draw_over_images() -> None:
    drawn = pd.DataFrame([row("a", 0, draw, hits, 0.1) for draw, hits in enumerate((10, 12, 14))])
    (found,) = curves(drawn, "accuracy").to_dict("records")
    assert found["over"] == "draws"
    assert found["low"] == pytest.approx(0.6 - STUDENT * 0.1 / 3**0.5, abs=1e-5)
    alone = drawn.head(1)
    (found,) = curves(alone, "accuracy").to_dict("records")
    assert found["over"] == "images"
    assert (found["low"], found["high"]) == pytest.approx((0.2993, 0.7007), abs=1e-4)  # Wilson's of 10 in 20
    (found,) = curves(alone, "ece").to_dict("records")
    assert found["over"] == "nothing"
    assert np.isnan(found["low"])


def test_verdicts_by_hand() -> None:
    found = against(table(), [("a", "dense")]).set_index("value")
    # accuracy: gaps of 6, 3 and 9 images of 20; the images' means over seeds, and their squares
    shares = {key: np.mean([np.arange(N) < each for each in own], axis=0) for key, own in COUNTS.items()}
    gaps = shares["a"] - shares["dense"]
    centre = 6 / (N + 2)
    images = (((gaps**2).sum() + 2) / (N + 2) - centre**2) / (N + 2)
    error = (images + 0.15**2 / 3) ** 0.5
    assert found.at["accuracy", "difference"] == pytest.approx(0.3)
    assert found.at["accuracy", "p"] == pytest.approx(2 * t.sf(centre / error, 2))
    # calibration: gaps of -.2, -.13 and -.21
    error = float(np.std([0.2, 0.13, 0.21], ddof=1)) / 3**0.5
    assert found.at["ece", "difference"] == pytest.approx(-0.18)
    assert found.at["ece", "p"] == pytest.approx(2 * t.sf(0.18 / error, 2))
    # Holm's over both: twice the smaller, and the interval of the smaller at half of alpha
    smaller, larger = sorted(found["p"])
    assert found["p_holm"].min() == pytest.approx(2 * smaller)
    assert found["p_holm"].max() == pytest.approx(max(2 * smaller, larger))
    assert found.at["ece", "verdict"] == "differs"
    reach = t.isf(0.0125, 2) * error
    assert (found.at["ece", "low"], found.at["ece", "high"]) == pytest.approx((-0.18 - reach, -0.18 + reach))


def test_a_prompt_that_varies_does_not_widen_the_probe() -> None:
    three = pd.concat([table(), table().query("key == 'a'").assign(key="b")])
    noisy = pd.concat([three, three.assign(way="prompt", ece=three["ece"] * 5 % 0.9)])
    pairs = [("a", "dense"), ("b", "dense")]
    alone, both = against(three, pairs), against(noisy, pairs)
    assert len(both) == 2 * len(alone)
    probe = both[both["way"] == "probe"].reset_index(drop=True)
    pd.testing.assert_series_equal(probe["p"], alone["p"])
    assert (probe["p_holm"] >= alone["p_holm"]).all()  # of a larger family


def test_one_seed_says_nothing_of_calibration() -> None:
    rows = table().query("seed == 0")
    found = against(rows, [("a", "dense"), ("a", "unknown")])
    assert found[["value", "over", "p"]].to_dict("records") == [
        {"value": "accuracy", "over": "images", "p": found.at[0, "p_holm"]}
    ]
    assert against(rows.head(0), [("a", "dense")]).empty


def test_what_was_right_is_unpacked() -> None:
    assert right(np.packbits([1, 0, 1]).tobytes(), 3).tolist() == [True, False, True]
    assert levelled(table())[["upstream", "accuracy"]].head(2).to_numpy().tolist() == [[0.9, 0.9], [0.9, 0.85]]
