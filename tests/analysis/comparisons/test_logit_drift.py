"""Rescue between two networks' logits: planted drifts whose cause is known, counts by hand, and a study's networks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import chi2
from scipy.stats import t as student

from analysis.comparisons.logit_drift import rescue
from analysis.comparisons.lost_images import BITS, CAUSES, causes, lost_between, main_causes
from analysis.corruptions.conditions import CLEAN
from analysis.engine.images import TestImages
from analysis.engine.live import Features, features_of
from analysis.engine.networks import Network
from analysis.engine.settings import settings
from analysis.metrics.drift import SHIFTS
from pruning.data import load_data
from pruning.errors import UserError
from pruning.study.folder import Study

K = 4
LABELS = np.arange(400) // 2 % K  # as many of each class in both halves


def network(logits: np.ndarray) -> Features:
    """A network of which only the logits are known."""
    nothing = np.full((len(logits), 1), np.nan, dtype=np.float32)
    return Features(nothing, logits.astype(np.float32), LABELS, nothing[:K], nothing[:K, 0], "No classifier.")


def noise(scale: float, seed: int = 0) -> np.ndarray:
    return scale * np.random.default_rng(seed).standard_normal((len(LABELS), K))


BASELINE = network(4.0 * np.eye(K)[LABELS] + noise(0.2))


def table(ticket: Features) -> pd.Series:
    return causes(pd.DataFrame([rescue("t", BASELINE, ticket, CLEAN)]), {"t": ["t"]}).iloc[0]


def test_a_vector_common_to_all_images_is_common_drift() -> None:
    found = table(network(BASELINE.logits + np.array([0, 0, 9, 0]) + noise(0.1, 1)))
    assert found["lost"] == 0.75  # all but the images of class 2
    assert found["drift"] == found["net_drift"] == 0.75
    assert (found["scale"], found["class"], found["scatter"], found["common"]) == (0, 0, 0, 1)
    assert found["main"] == "drift"


def test_a_scale_of_each_logit_is_drift_and_scale() -> None:
    """Class 0 is told by a logit that hardly varies in the baseline, and drowns the others in the ticket."""
    logits = np.where(np.arange(K) == 0, 0.0, 4.0 * np.eye(K)[LABELS] - 2) + noise(0.2)
    logits[:, 0] += np.where(LABELS == 0, 0.5, -0.5)
    before = network(logits)
    after = network(logits * np.array([0.01, 1, 1, 1]) + noise(0.001, 1) - np.array([3.0, 0, 0, 0]))
    row = rescue("t", before, after, CLEAN)
    images = lost_between(before.predictions, after.predictions, LABELS, row["rescues"])  # type: ignore[arg-type]
    assert row["right_scale"] == before.right.sum()
    assert set(images["cause"]) <= {"drift", "scale"}


def test_a_vector_of_each_class_is_class_drift() -> None:
    found = table(network(BASELINE.logits + 9 * np.eye(K)[(LABELS + 1) % K] + noise(0.1, 1)))
    assert (found["lost"], found["class"], found["main"]) == (1, 1, "class")
    assert found["other"] == 0
    assert found["net_class"] == 1


def test_single_images_are_scatter() -> None:
    rng = np.random.default_rng(2)
    hit = np.flatnonzero(rng.random(len(LABELS)) < 0.4)
    logits = BASELINE.logits.copy()
    logits[hit, (LABELS[hit] + rng.integers(1, K, len(hit))) % K] += 9
    found = table(network(logits))
    assert found["lost"] == len(hit) / len(LABELS)
    assert (found["scatter"], found["main"]) == (found["lost"], "scatter")
    assert found["common"] == 0


def test_both_ways_by_hand() -> None:
    """Two networks of chance: what a shift makes right and wrong is counted image by image."""
    first, second = network(noise(1, 5)), network(noise(1, 6) + np.array([1, 0, 0, 0]))
    row = rescue("t", first, second, CLEAN)
    halves = [np.arange(len(LABELS)) % 2 == half for half in (0, 1)]
    shifted = second.logits.astype(float)
    for applied, fitted in (halves, halves[::-1]):
        shifted[applied] += (first.logits[fitted].astype(float) - second.logits[fitted]).mean(axis=0)
    right = shifted.argmax(axis=1) == LABELS
    assert row["right_drift"] == right.sum()
    assert row["mended_drift"] == (right & ~second.right).sum()
    assert (row["lost"], row["right"]) == ((first.right & ~second.right).sum(), second.right.sum())
    spoiled = int((~right & second.right).sum())
    gained = np.r_[np.ones(row["mended_drift"]), -np.ones(spoiled), np.zeros(400 - row["mended_drift"] - spoiled)]  # type: ignore[call-overload, operator]
    found = causes(pd.DataFrame([row]), {"t": ["t"]}).iloc[0]
    assert found["net_drift"] == pytest.approx(gained.mean())
    half = (found["net_drift_high"] - found["net_drift_low"]) / 2
    assert half == pytest.approx(1.96 * gained.std() / 20, rel=0.02)  # Wald's own
    assert found["net_drift_low"] < found["net_drift"] < found["net_drift_high"]


def test_the_interval_of_the_gain_covers() -> None:
    """3,000 networks of one seed: 3 % of the images mended, 1 % spoiled, of 200."""
    counts = np.random.default_rng(0).multinomial(200, [0.03, 0.01, 0.96], 3000)
    same = {"corruption": "fog", "severity": 1, "n": 200, "lost": 0, "right": 100, "rescues": b""}
    rows = pd.DataFrame([{"ticket_id": str(place), **same} for place in range(len(counts))])
    for name in SHIFTS:
        rows = rows.assign(**{f"mended_{name}": counts[:, 0], f"right_{name}": 100 + counts[:, 0] - counts[:, 1]})
    found = causes(rows, {each: [each] for each in rows["ticket_id"]})
    covered = (found["net_scale_low"] <= 0.02) & (found["net_scale_high"] >= 0.02)
    assert 0.93 < covered.mean() < 0.98


def test_over_seeds_the_gain_is_student_s() -> None:
    same = {"corruption": "fog", "severity": 1, "n": 100, "lost": 0, "right": 50, "rescues": b""}
    rights = {"a": 52, "b": 54, "c": 50, "d": 50}
    rows = pd.DataFrame(
        [{"ticket_id": key, **same, **{f"right_{name}": right for name in SHIFTS}} for key, right in rights.items()]
    )
    found = causes(rows, {"two": ["a", "b"], "alike": ["c", "d"]}).set_index("key")
    low, high = found.loc["two", ["net_drift_low", "net_drift_high"]]
    assert (low, high) == pytest.approx((0.03 - 12.706 * 0.01, 0.03 + 12.706 * 0.01), abs=1e-4)
    assert found.loc["alike", ["net_drift_low", "net_drift_high"]].isna().all()  # nothing tells of the images


def lost_row(ticket: str, drift: int, scatter: int, scale: int = 0, corruption: str = "fog") -> dict[str, object]:
    bits = np.repeat([BITS["drift"], 0, BITS["scale"]], [drift, scatter, scale]).astype(np.uint8)
    same = {"corruption": corruption, "severity": 3, "n": 100, "lost": len(bits)}
    return {"ticket_id": ticket, **same, "rescues": bits.tobytes()}


def test_the_largest_cause_of_one_seed_is_told_by_mcnemar_s_test_and_holm_s_correction() -> None:
    rows = pd.DataFrame(
        [lost_row("a", 30, 10), lost_row("b", 22, 18), lost_row("c", 2, 30), lost_row("d", 0, 0),
         lost_row("e", 20, 0, 19)]
    )  # fmt: skip
    found = main_causes(rows, {key: [key] for key in "abcde"}).set_index("key")
    assert found["cause"].to_dict() == {"a": "drift", "b": "drift", "c": "scatter", "d": "", "e": "drift"}
    assert found["shown"].to_dict() == {"a": True, "b": False, "c": True, "d": False, "e": False}
    assert (found.at["a", "share"], found.at["a", "lost"]) == (0.75, 0.4)
    alone = {key: chi2.sf((abs(b - c) - 1) ** 2 / (b + c), 1) for key, b, c in [("a", 30, 10), ("c", 2, 30)]}
    assert found.at["c", "p"] == pytest.approx(4 * alone["c"])
    assert found.at["a", "p"] == pytest.approx(3 * alone["a"])
    assert found.at["a", "share_low"] < 0.75 < found.at["a", "share_high"]
    assert found.loc["d", ["share", "p"]].isna().tolist() == [True, False]


def test_what_is_shown_of_one_ticket_may_not_be_of_a_whole_map() -> None:
    rows = pd.DataFrame([lost_row("a", 28, 12), *(lost_row("a", 21, 19, corruption=f"c{at}") for at in range(18))])
    alone, together = (main_causes(each, {"a": ["a"]}).iloc[0] for each in (rows.head(1), rows))
    assert (alone["shown"], together["shown"]) == (True, False)
    assert together["p"] == pytest.approx(19 * alone["p"])


def test_cells_with_few_lost_images_are_not_asked_and_cost_the_others_nothing() -> None:
    """Nine images of one cause are no claim; nor do they count in the family, which ten would."""
    nine, ten = lost_row("a", 9, 0, corruption="blur"), lost_row("a", 10, 0, corruption="blur")
    rows = [pd.DataFrame([lost_row("a", 30, 10), each]) for each in (nine, ten)]
    few, enough = (main_causes(each, {"a": ["a"]}).set_index("corruption") for each in rows)
    assert (few.at["blur", "cause"], few.at["blur", "p"], few.at["blur", "shown"]) == ("drift", 1, False)
    assert enough.at["fog", "p"] == pytest.approx(2 * few.at["fog", "p"])
    assert enough.at["blur", "p"] == pytest.approx(max(enough.at["fog", "p"], chi2.sf(9**2 / 10, 1)))
    assert not main_causes(pd.DataFrame([nine]), {"a": ["a"]})["shown"].any()


def test_seeds_that_disagree_show_no_largest_cause() -> None:
    """The same mean share of two tickets, once as seeds agree and once as they do not."""
    rows = pd.DataFrame([lost_row("f", 40, 0), lost_row("g", 18, 22), lost_row("h", 29, 11), lost_row("i", 29, 11)])
    one = main_causes(rows, {"apart": ["f", "g"]}).iloc[0]
    other = main_causes(rows, {"alike": ["h", "i"]}).iloc[0]
    assert one["share"] == other["share"] == 0.725
    assert not one["shown"] and other["p"] < one["p"]  # noqa: PT018
    lead, images = (58 - 22) / 80 - 1 / 40, 1 / 40
    assert one["p"] == pytest.approx(2 * student.sf(lead / np.sqrt(images + np.var([1, -0.1], ddof=1) / 2), 1))
    assert main_causes(pd.DataFrame(columns=list(rows)), {"a": ["a"]}).empty


def test_images_without_finite_logits_take_no_part() -> None:
    logits = BASELINE.logits + np.array([0, 0, 9, 0])
    logits[3], logits[5, 1] = np.nan, np.inf  # of classes 1 and 2, given 0 and 1: lost
    row = rescue("t", BASELINE, network(logits), CLEAN)
    found = lost_between(BASELINE.predictions, network(logits).predictions, LABELS, row["rescues"])  # type: ignore[arg-type]
    assert found.loc[found["cause"] == "scatter", "sample"].tolist() == [3, 5]
    nothing = rescue("t", BASELINE, network(np.full_like(logits, np.nan)), CLEAN)
    assert nothing["right_drift"] == nothing["right"]


def test_other_classes_are_a_sentence() -> None:
    other = Features(BASELINE.features, BASELINE.logits[:, :3], LABELS, BASELINE.weight, BASELINE.bias)
    with pytest.raises(UserError, match="3 logits and the baseline 4"):
        rescue("t", BASELINE, other, CLEAN)


def test_a_study_s_networks(tiny_study: Path) -> None:
    study = Study.open(tiny_study)
    ids = {entry.recipe.label: entry.id for entry in study.entries() if entry.recipe.seed == 0}
    networks = {label: Network.of(study.load(ids[label]), torch.device("cpu")) for label in ("Dense", "Random 90 %")}
    found = features_of(networks, TestImages.of(study, settings(study), load_data("digits")), ("gaussian_noise", 3))
    base, own = found["Dense"], found["Random 90 %"]
    row = rescue("r", base, own, ("gaussian_noise", 3))
    assert row["lost"] == (base.right & ~own.right).sum() > 0
    itself = rescue("d", base, base, CLEAN)
    assert (itself["lost"], itself["right_drift"], itself["mended_scale"]) == (0, itself["right"], 0)
    [table] = causes(pd.DataFrame([row]), {"r": ["r"]}).to_dict("records")
    assert sum(table[cause] for cause in CAUSES) == pytest.approx(table["lost"])
    assert not {"direction", "length"} & set(table)
