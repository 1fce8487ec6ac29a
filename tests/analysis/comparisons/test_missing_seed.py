"""A ticket that lacks a seed is held against the seeds that it has, by their numbers, whatever place they are in."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.averages import Averages
from analysis.comparisons.classes import class_costs
from analysis.comparisons.condition_cells import apart
from analysis.comparisons.effective import effective_robustness
from analysis.comparisons.flips import flips_from_baseline
from analysis.comparisons.leaderboard import per_image, places
from analysis.comparisons.lost_to_baseline import counts
from analysis.comparisons.outcomes import Outcomes, collect, same_seeds
from analysis.comparisons.predictions import Predictions, collect_predictions
from analysis.comparisons.redundancy import concordance, redundant
from analysis.comparisons.two_studies import compare_studies, ids_of_seeds, in_common
from analysis.comparisons.verdicts import verdicts

CONDITIONS = [("clean", 0), ("fog", 1), ("snow", 1)]
KEYS = ("dense", "t", "u", "v", "w", "x")
COUNTED = [f"{key} {seed}" for key in KEYS for seed in range(3)]
LABELS = np.arange(300) % 4


def made() -> dict[str, np.ndarray]:
    """Ticket's id -> its classes [conditions, images]; trainings of one seed go together, and seeds differ much."""
    rng = np.random.default_rng(5)
    found = {}
    for seed in range(3):
        base = np.where(rng.random((3, 300)) < 0.55 + 0.15 * seed, LABELS, (LABELS + 1) % 4)
        for place, key in enumerate(KEYS):
            found[f"{key} {seed}"] = np.where(rng.random((3, 300)) < 0.05 * place, rng.integers(0, 4, (3, 300)), base)
    return found


GIVEN = made()


def rows(ids: list[str]) -> pd.DataFrame:
    """Rows of the table `conditions`."""
    return pd.DataFrame(
        [
            (ticket, *condition, 300, ((GIVEN[ticket][place] - LABELS) % 4).astype(np.uint8).tobytes())
            for ticket in ids
            for place, condition in enumerate(CONDITIONS)
        ],
        columns=["ticket_id", "corruption", "severity", "n", "offsets"],
    )


def tickets(ids: list[str]) -> pd.DataFrame:
    table = pd.DataFrame([each.split() for each in ids], columns=["key", "seed"]).astype({"seed": int})
    return table.assign(ticket_id=ids)


def by_key(ids: list[str]) -> dict[str, list[str]]:
    return {key: [each for each in ids if each.startswith(f"{key} ")] for key in KEYS}


def numbers(ids: list[str]) -> Mapping[str, int]:
    return {each: int(each.split()[1]) for each in ids}


def predictions(ids: list[str]) -> Predictions:
    return collect_predictions(rows(ids), by_key(ids), LABELS, 4, numbers(ids))


def outcomes(ids: list[str]) -> Outcomes:
    return collect(rows(ids), by_key(ids), numbers(ids))


LACKING = [each for each in COUNTED if each != "t 0"]
LATER = [each for each in COUNTED if not each.endswith(" 0")]
"""What is left where all lack the seed, so that places and numbers say the same."""


def test_flips() -> None:
    found, whole = (flips_from_baseline(predictions(ids), "dense").set_index("key") for ids in (LACKING, LATER))
    counted = ["flipped", "low", "high", "lost", "gained", "moved", "seeds"]
    pd.testing.assert_frame_equal(found.loc[["t"], counted], whole.loc[["t"], counted])
    dense = np.stack([GIVEN[f"dense {seed}"][0] for seed in range(3)])
    others = [np.mean([(dense[seed] != dense[other]).mean() for other in range(3) if other != seed]) for seed in (1, 2)]
    assert found.loc["t", "by_chance"].iloc[0] == pytest.approx(np.mean(others))


def test_flips_where_no_seed_is_in_common() -> None:
    ids = ["dense 0", "dense 2", "t 1", "u 0", "u 2"]
    found = flips_from_baseline(predictions(ids), "dense").set_index("key").loc["t"].iloc[0]
    each = [GIVEN["t 1"][0] != GIVEN[f"dense {seed}"][0] for seed in (0, 2)]
    assert found["flipped"] == pytest.approx(np.mean(each))
    assert found["seeds"] == 1
    assert found["by_chance"] == pytest.approx((GIVEN["dense 0"][0] != GIVEN["dense 2"][0]).mean())


def test_lost_to_the_baseline() -> None:
    pairs = {"t": [(own, other) for own, other in same_seeds([1, 2], [0, 1, 2])]}
    found = counts(predictions(LACKING), pairs, "dense", CONDITIONS[0])
    right = {key: np.stack([GIVEN[f"{key} {seed}"][0] == LABELS for seed in (1, 2)]) for key in ("dense", "t")}
    assert found["lost"].tolist() == [pytest.approx((right["dense"] & ~right["t"]).mean())]


def test_a_study_does_not_differ_from_its_own_copy() -> None:
    ids = tuple(ids_of_seeds(tickets(each), KEYS) for each in (COUNTED, LACKING))
    found = compare_studies(*in_common(rows(COUNTED), rows(LACKING), ids))  # type: ignore[arg-type]
    assert (found["difference"] == 0).all()
    assert found.set_index("key")["seeds"].groupby(level=0).first().to_dict() == {**dict.fromkeys(KEYS, 3), "t": 2}
    # also where the ticket is there, and was not measured
    found = compare_studies(*in_common(rows(COUNTED), rows(LACKING), (ids[0], ids[0])))
    assert (found["difference"] == 0).all()


def test_two_studies_of_other_seeds_are_paired_in_their_order() -> None:
    ids = [ids_of_seeds(tickets([f"t {seed}" for seed in own]), ["t"]) for own in ((0, 1), (1, 2))]
    found = compare_studies(*in_common(rows(COUNTED), rows(COUNTED), (ids[0], ids[1]))).iloc[0]
    assert found["seeds"] == 2  # 1 and 1, and what is left, 0 and 2
    right = [(GIVEN[f"t {seed}"][0] == LABELS).mean() for seed in (0, 2)]
    assert found["difference"] == pytest.approx((right[1] - right[0]) / 2)


@pytest.mark.parametrize("there", [(0, 1, 2), (3, 4, 5)])
def test_a_board(there: tuple[int, ...]) -> None:
    """Both studies lack a seed of one ticket; the second's are the same seeds, or none of them is."""
    board = {
        "one": per_image(rows(LACKING), tickets(LACKING), "accuracy", []),
        "two": {
            key: {there[seed]: values for seed, values in own.items()}
            for key, own in per_image(rows(COUNTED), tickets(COUNTED), "accuracy", []).items()
        },
    }
    whole = {study: {key: own[key] for key in ("dense", "t")} for study, own in board.items()}
    found = places(whole, equivalence=0.2).set_index(["study", "key"])
    assert found["over"].eq("seeds").all()
    assert found.loc[("one", "t"), "rank"] == found.loc[("two", "t"), "rank"]
    table = verdicts({key: board["one"][key] for key in ("dense", "t")}).iloc[0]
    gap = [(GIVEN[f"dense {seed}"][0] == LABELS).mean() - (GIVEN[f"t {seed}"][0] == LABELS).mean() for seed in (1, 2)]
    assert (table["difference"], table["seeds"]) == (pytest.approx(np.mean(gap)), 2)


def test_the_line_of_expected_robustness() -> None:
    found, whole = (Averages.of(outcomes(ids)) for ids in (LACKING, LATER))
    np.testing.assert_array_equal(found.of_all, whole.of_all)
    told = effective_robustness(found, equivalence=0.05).table
    assert told["seeds"].tolist() == [2] * len(KEYS)
    alone = effective_robustness(outcomes([f"{key} {place % 3}" for place, key in enumerate(KEYS)])).table
    assert set(alone["over"]) == {"images"}  # no seed that all have


def test_the_agreement_of_rankings() -> None:
    found, whole = (redundant(outcomes(ids), resamples=5).seeds for ids in (LACKING, LATER))
    assert found == whole
    assert found == concordance(Averages.of(outcomes(LATER)).of_all[:, :, 1])
    assert redundant(outcomes([f"{key} {place % 3}" for place, key in enumerate(KEYS)]), resamples=5).seeds is None


def test_costs_by_class_and_by_condition() -> None:
    found, whole = (class_costs(outcomes(ids), LABELS, "dense").by_class for ids in (LACKING, LATER))
    own, other = (table.loc[table["key"] == "t", "change"].tolist() for table in (found, whole))
    assert own == pytest.approx(other)
    groups = {CONDITIONS[1]: [1]}
    found, whole = (apart(outcomes(ids), "dense", groups).set_index("key").loc["t"] for ids in (LACKING, LATER))
    assert (found["difference"], found["seeds"]) == (whole["difference"], 2)
