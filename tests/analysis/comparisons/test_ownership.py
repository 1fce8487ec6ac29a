"""Whose a ticket is: figures by hand, bounds by brute force, a real reader for what reads."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import binom, fisher_exact

from analysis.comparisons import ownership
from analysis.metrics.attacks_on_marks import known_from, sure_up_to
from analysis.results.store import Results
from pruning.ownership.code import Code, read
from pruning.ownership.mark import CLAIM
from pruning.study.folder import Study
from tests import ROOT


def attacks(*rows: tuple[str, float, int, float, float, float, bool]) -> pd.DataFrame:
    """Rows of the table: attack, strength, seed, accuracy, ber, p_value, decoded."""
    columns = ["attack", "strength", "seed", "accuracy", "ber", "p_value", "decoded"]
    frame = pd.DataFrame(rows, columns=columns).assign(retrained=np.nan, limit=0.3, limit_undated=0.1)
    return frame.assign(
        retrained_ber=frame["ber"] + 0.1, retrained_p_value=frame["p_value"] * 1e4, undated=frame["p_value"] * 1e22
    )


ROWS = attacks(
    ("none", 0.0, 0, 0.9, 0.0, 1e-60, True),
    ("none", 0.0, 1, 0.8, 0.0, 1e-50, True),
    ("magnitude", 0.2, 0, 0.8, 0.1, 1e-20, True),
    ("magnitude", 0.2, 1, 0.6, 0.3, 1e-9, False),
    ("magnitude", 0.5, 0, 0.8, 0.3, 1e-9, False),
    ("magnitude", 0.5, 1, 0.6, 0.4, 1e-3, False),
    ("magnitude", 0.6, 0, 0.8, 0.2, 1e-9, False),
    ("magnitude", 0.6, 1, 0.6, 0.2, 1e-9, False),
)


def test_sums_over_seeds_by_hand() -> None:
    found = ownership.by_attack(ROWS).set_index(["attack", "strength"])
    row = found.loc[("magnitude", 0.2)]
    assert list(found.index) == [("none", 0.0), ("magnitude", 0.2), ("magnitude", 0.5), ("magnitude", 0.6)]
    assert (row["seeds"], row["claimed"], row["decoded"]) == (2, 2, 1)
    assert row["accuracy"] == pytest.approx(0.7)
    assert row["p_value"] == 1e-9
    assert (row["accuracy_low"], row["accuracy_high"]) == (0, 1)  # t of one degree of freedom and .1 reach beyond both
    near = ownership.by_attack(ROWS.assign(accuracy=0.5 + ROWS["accuracy"] / 100)).set_index(["attack", "strength"])
    half = 12.706 * 0.001  # standard error .001
    assert near["accuracy_high"].iloc[1] - near["accuracy"].iloc[1] == pytest.approx(half, rel=1e-3)
    assert np.isnan(found.loc[("none", 0.0), "ber_high"])  # seeds that agree show no spread
    assert np.isnan(row["retrained"])
    assert found.loc[("magnitude", 0.5), "claimed"] == 1
    assert found.loc[("magnitude", 0.5), "retrained_claimed"] == 0
    assert found.loc[("none", 0.0), "undated_claimed"] == 2
    assert row["undated_claimed"] == 0
    assert row["retrained_ber"] == pytest.approx(0.3)


def test_the_claim_is_outlived_up_to_the_first_strength_that_breaks_it() -> None:
    found = ownership.by_attack(ROWS)
    row = ownership.outlived(found, "magnitude")
    assert row is not None
    assert row["strength"] == 0.2
    assert ownership.outlived(found[found["strength"] == 0.5], "magnitude") is None
    assert ownership.outlived(found, "random") is None
    assert ownership.outlived(found, "magnitude", "undated_claimed") is None


def test_what_a_search_reaches_by_hand() -> None:
    found = ownership.searched(pd.DataFrame({"p_value": [0.04, 0.5, 1e-7, 0.9]}))
    assert found == ownership.Search(4, 1e-7, 0.5, 1)
    assert ownership.searched(pd.DataFrame({"p_value": []})) is None


def test_thousands_of_texts_that_are_tried_on_the_shipped_tickets_agree_as_by_chance() -> None:
    """The best of each thousand is no better than the best of so many uniform p values is in all but one of 1,000."""
    results = Results(ROOT / "sample_checkpoints" / "digits-ownership")
    rows = results.table("ownership")
    forged = rows[rows["attack"] == ownership.FORGED]
    for _, own in forged.groupby("ticket_id"):
        assert len(own) == 1000
        assert own["p_value"].min() > 1e-3 / len(own)
        for level in (0.01, 0.05, 0.2):
            assert (own["p_value"] <= level).sum() <= binom.ppf(0.999, len(own), level)
        assert own["undated"].min() == 1


def test_forged_keys_by_hand() -> None:
    entries = Study.open(ROOT / "sample_checkpoints" / "digits-ownership").entries()
    locked = [e for e in entries if e.recipe.method == "Locked_magnitude"]
    rows = pd.DataFrame(
        {
            "ticket_id": [e.id for e in locked for _ in range(2)],
            "attack": ["none", "forged key"] * 3,
            "accuracy": [0.1, 0.2, 0.1, 0.3, 0.1, 0.7],
            "retrained": 0.9,
            "ber": [1, 0.5, 1, 0.4, 1, 0.6],
            "limit": 0.99,
        }
    )
    found = ownership.forged_keys(rows, entries)
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["by"], row["share"], row["seeds"]) == ("magnitude", 0.05, 3)
    assert [row["forged"], row["forged_retrained"], row["guessed"]] == pytest.approx([0.4, 0.9, 0.5])
    assert row["chance"] == pytest.approx(0.01)
    assert ownership.forged_keys(rows[rows["attack"] == "none"], entries).empty


def test_signed_in_every_seed_or_in_none() -> None:
    assert ownership.verdict(ROWS[ROWS["attack"] == "none"]) == ownership.SIGNED
    assert ownership.verdict(ROWS[ROWS["strength"] == 0.5]) == ownership.UNSURE
    assert ownership.verdict(ROWS.assign(p_value=0.5)) == ownership.UNSIGNED
    assert ownership.verdict(ROWS.iloc[:0]) == ownership.UNSIGNED


@pytest.mark.parametrize(
    ("bits", "dark", "windows", "capacity"),
    [(40, 18, 3, 0), (60, 30, 100, 0), (30, 5, 1, 0), (10, 5, 1, 0), (60, 30, 5, 12)],
)
def test_the_bound_of_wrong_modules_by_brute_force(bits: int, dark: int, windows: int, capacity: int) -> None:
    """Fisher's exact test, of every way in which so many modules can be wrong."""

    def worst(wrong: int) -> float:
        ways = [(lost, wrong - lost) for lost in range(wrong + 1) if lost <= dark and wrong - lost <= bits - dark]
        tables = [[[dark - lost, extra], [lost, bits - dark - extra]] for lost, extra in ways]
        return max(2**capacity * windows * float(fisher_exact(table, alternative="greater").pvalue) for table in tables)

    holding = 0
    while holding <= bits and worst(holding) < CLAIM:
        holding += 1
    assert sure_up_to(bits, dark, windows, capacity) == pytest.approx(max(holding - 1, 0) / bits)


def test_what_reads_by_the_real_reader() -> None:
    """Of codes with as many wrong modules as the bound says about half are read; of half as many nearly all."""
    code, rng = Code("OWNER 42"), np.random.default_rng(0)
    free = np.flatnonzero(~code.fixed)

    def share(ber: float) -> float:
        hits = 0
        for _ in range(60):
            modules = code.modules.ravel().copy()
            modules[rng.choice(free, round(ber * len(free)), replace=False)] ^= True
            hits += read(modules.reshape(code.modules.shape)) == code.text
        return hits / 60

    limit = ownership.reads_up_to()
    assert share(limit / 2) > 0.9
    assert 0.1 < share(limit) < 0.95
    assert share(2 * limit) < 0.1


def test_the_picture_says_which_modules_are_lost_and_which_were_added() -> None:
    code = Code("OWNER 42")
    side = code.side
    kernels = torch.rand(side + 4, side + 3, generator=torch.Generator().manual_seed(0)) < 0.5
    kernels[2 : side + 2, 1 : side + 1] = torch.from_numpy(code.modules)
    row, column = np.argwhere(code.modules & ~code.shared)[0]
    other, place = np.argwhere(~code.modules & ~code.shared)[0]
    kernels[2 + row, 1 + column], kernels[2 + other, 1 + place] = False, True
    found = ownership.picture({"conv.weight": kernels[:, :, None, None].expand(-1, -1, 3, 3)}, code)
    assert found.evidence.place == ("conv.weight", 2, 1)
    assert np.argwhere(found.lost).tolist() == [[row, column]]
    assert np.argwhere(found.extra).tolist() == [[other, place]]
    assert found.evidence.bits - found.evidence.matches == 2
    assert found.kernels.shape == (side + 4, side + 3)


def test_keys_by_hand() -> None:
    """Of the shipped study, whose tickets are looked through one by one."""
    entries = Study.open(ROOT / "sample_checkpoints" / "digits-ownership").entries()
    found, whole = ownership.keys(entries)
    reached = {
        name: [e.info.accuracy for e in entries if e.recipe.method == name]
        for name in ("imp", "Locked_magnitude", "Thief_magnitude")
    }
    row = found.set_index("by").loc["magnitude"]
    assert whole == pytest.approx(np.mean(reached["imp"]))
    assert (row["share"], row["seeds"]) == (0.05, 3)
    assert row["locked"] == pytest.approx(np.mean(reached["Locked_magnitude"]))
    assert row["retrained"] == pytest.approx(np.mean(reached["Thief_magnitude"]))
    nothing, whole = ownership.keys([e for e in entries if e.recipe.option("key") is None])
    assert nothing.empty
    assert np.isnan(whole)


@pytest.mark.parametrize(("count", "classes"), [(50, 10), (50, 2), (7, 10), (3, 10)])
def test_the_bound_of_known_labels_by_brute_force(count: int, classes: int) -> None:
    """The sum of binomial terms from so many hits on."""
    chance = 1 / classes
    tails = [
        sum(comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(hits, count + 1))
        for hits in range(count + 2)
    ]
    needed = next(hits for hits, tail in enumerate(tails) if tail < CLAIM)
    assert known_from(count, classes) == pytest.approx(1 - needed / count)
