"""Methods at each level, and the sparsest ticket as good as dense, against plain arithmetic."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.levels import BY_SPARSITY, by_sparsity, sparsest_equivalent
from analysis.comparisons.outcomes import PerImage, per_image
from analysis.comparisons.verdicts import of_pairs
from tests.analysis.nulls.studies import BASELINE, Null, simulate


def correct(rate: float, seed: int, n: int = 1000) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) < rate).astype(float)


def rows() -> pd.DataFrame:
    """The table `conditions` of four images, two classes: `one` of key a, `gone` without a ticket."""
    answers: dict[tuple[str, str, int], list[int]] = {
        ("one", "clean", 0): [0, 0, 0, 1],
        ("one", "fog", 1): [0, 0, 1, 1],
        ("one", "fog", 3): [0, 1, 1, 1],
        ("one", "gaussian_blur", 1): [1, 1, 1, 1],
    }
    answers |= {("gone", name, severity): offsets for (_, name, severity), offsets in list(answers.items())}
    return pd.DataFrame(
        [
            {"ticket_id": ticket, "corruption": name, "severity": severity, "n": 4, "offsets": bytes(offsets)}
            for (ticket, name, severity), offsets in answers.items()
        ]
    )


def test_each_image_has_its_share_of_conditions_and_results_without_a_ticket_are_passed_over() -> None:
    tickets = pd.DataFrame({"ticket_id": ["one", "unmeasured"], "key": ["a", "b"], "seed": [7, 7]})
    clean, corrupted = (per_image(tickets, rows(), images) for images in ("accuracy", "corrupted"))
    assert list(clean) == list(corrupted) == ["a"]
    assert clean["a"][7].tolist() == [1, 1, 1, 0]
    assert corrupted["a"][7].tolist() == [1, 0.5, 0, 0]  # clean images and extra corruptions do not count


def test_methods_are_compared_where_both_were_pruned_alike() -> None:
    families = pd.DataFrame(
        [(f"{method}-{level}", method, level) for method, level in [("imp", 0.5), ("imp", 0.9), ("snip", 0.9)]],
        columns=["key", "method", "sparsity"],
    )
    outcomes = {key: {seed: correct(rate, seed) for seed in range(3)} for key, rate in
                {"imp-0.5": 0.95, "imp-0.9": 0.9, "snip-0.9": 0.6}.items()}  # fmt: skip
    found = by_sparsity(families, outcomes, "imp", ["snip", "absent"], 0.02)
    assert list(found.columns) == BY_SPARSITY
    assert found[["method", "sparsity", "verdict"]].to_numpy().tolist() == [["snip", 0.9, "differs"]]
    expected = of_pairs(outcomes, [("snip-0.9", "imp-0.9")], 0.02)
    assert found.drop(columns=["method", "sparsity"]).equals(expected.drop(columns=["a", "b"]))
    assert by_sparsity(families, outcomes, "imp", []).empty


def study(losses: dict[str, float], seeds: int = 5) -> tuple[pd.DataFrame, PerImage]:
    """Tickets that get a share of the baseline's 20,000 images wrong, the first the densest."""
    base = correct(0.95, 0, 20_000)
    outcomes = {"dense": {seed: base * correct(0.999, seed, 20_000) for seed in range(seeds)}}
    for key, loss in losses.items():
        outcomes[key] = {seed: base * correct(1 - loss, 10 + seed, 20_000) for seed in range(seeds)}
    kept = np.arange(len(losses), 0, -1)
    return pd.DataFrame({"key": list(losses), "kept": kept, "accuracy": 1 - np.array(list(losses.values()))}), outcomes


def test_the_sparsest_is_one_that_is_shown_to_be_as_good() -> None:
    families, outcomes = study({"a": 0.001, "b": 0.002, "c": 0.2})
    found = sparsest_equivalent(families, outcomes, "dense", 0.02)
    assert (found.key, found.among, found.over) == ("b", 3, "seeds")
    pairs = of_pairs(outcomes, [(key, "dense") for key in "abc"], 0.02)
    nearest = pairs.set_index("a").loc[str(found.nearest)]
    assert nearest["low"] == pairs["low"].max()
    assert found.difference == pytest.approx(tuple(nearest[["difference", "low", "high"]]))


def test_noise_earns_nothing() -> None:
    """What differs much from seed to seed is never told apart, which was taken for as good."""
    families, outcomes = study({**{f"quiet {place}": 0.001 for place in range(8)}, "a": 0.001})
    noisy = {seed: correct((0.9, 0.96, 0.92, 0.99, 0.96)[seed], seed, 20_000) for seed in range(5)}
    assert of_pairs({**outcomes, "n": noisy}, [("n", "dense")])["verdict"].tolist() == ["cannot tell"]
    with_it = pd.concat([families, pd.DataFrame({"key": ["n"], "kept": [0], "accuracy": [0.95]})])
    assert sparsest_equivalent(with_it, {**outcomes, "n": noisy}, "dense", 0.04).key == "a"


def test_where_nothing_is_shown_the_nearest_is_named() -> None:
    families, outcomes = study({"a": 0.05, "b": 0.2})
    found = sparsest_equivalent(families, outcomes, "dense")
    assert (found.key, found.nearest) == (None, "a")
    assert -0.06 < found.difference[1] < found.difference[0] < found.difference[2] < -0.04
    empty = sparsest_equivalent(families.iloc[:0], outcomes, "dense")
    assert (empty.key, empty.among, empty.nearest) == (None, 0, None)


def test_a_better_ticket_is_as_good() -> None:
    families, outcomes = study({"a": 0.0})
    better = {seed: np.maximum(own, correct(0.9, 50 + seed, 20_000)) for seed, own in outcomes["dense"].items()}
    assert sparsest_equivalent(families, {**outcomes, "a": better}, "dense").key == "a"


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_loss_of_one_point_is_rarely_called_none(seeds: int) -> None:
    """Every ticket is 1 point worse in truth. Not being told apart was granted to one of them every time."""
    null = Null(seeds, 2000, corruptions=0, behind=0.01, luck=0.0)
    claims = 0
    for number in range(60):
        outcomes = simulate(null, np.random.default_rng(number)).outcomes.per_image([0])
        families = pd.DataFrame({"key": [key for key in outcomes if key != BASELINE]}).assign(kept=1, accuracy=1.0)
        claims += sparsest_equivalent(families, outcomes, BASELINE).key is not None
    assert claims <= 6
