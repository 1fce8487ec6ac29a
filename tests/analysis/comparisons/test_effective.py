import numpy as np
import pytest
import scipy.stats
from scipy.special import expit, logit

from analysis.comparisons.effective import LESS, MORE, effective_robustness
from analysis.comparisons.outcomes import Outcomes
from analysis.statistics.moderation import moderated
from analysis.statistics.multiple_testing import holm
from pruning.errors import UserError

CONDITIONS = [("clean", 0), ("fog", 1), ("snow", 2), ("saturate", 1)]
CLEAN = {"a": 0.95, "b": 0.9, "c": 0.8, "d": 0.7, "e": 0.6, "f": 0.85}


def outcomes(seeds: int = 1, n: int = 4000, robust: float = 0.0, chance: int = 0) -> Outcomes:
    """Accuracies on the line logit(y) = .8 logit(x) - .5, but for ticket c, which is `robust` above it."""
    rng = np.random.default_rng(chance)
    right = {}
    for name, clean in CLEAN.items():
        corrupted = expit(0.8 * logit(clean) - 0.5) + (robust if name == "c" else 0)
        shares = np.array([clean, corrupted, corrupted, 0.1])[:, None]
        right[name] = rng.random((seeds, 4, n)) < shares
    return Outcomes(CONDITIONS, right)


def test_the_line_is_scipys_least_squares_through_the_logits_of_what_counts() -> None:
    made = outcomes(seeds=2)
    found = effective_robustness(made)
    clean = np.array([right[:, 0].mean() for right in made.right.values()])
    corrupted = np.array([right[:, 1:3].mean() for right in made.right.values()])
    fit = scipy.stats.linregress(logit(clean), logit(corrupted))
    assert (found.slope, found.intercept, found.r) == pytest.approx((fit.slope, fit.intercept, fit.rvalue))
    np.testing.assert_allclose(found.table[["clean", "corrupted"]], np.stack([clean, corrupted], axis=1))
    expected = expit(fit.intercept + fit.slope * logit(clean))
    np.testing.assert_allclose(found.table["expected"], expected)
    np.testing.assert_allclose(found.expected(clean), expected)
    np.testing.assert_allclose(found.table["effective"], corrupted - expected)
    assert (found.slope, found.intercept) == pytest.approx((0.8, -0.5), abs=0.05)


def test_a_ticket_above_the_line_of_the_others_is_found() -> None:
    for seeds in (1, 3):
        found = effective_robustness(outcomes(seeds, robust=0.1), line=list("abdef"))
        table = found.table.set_index("key")
        assert found.over_seeds == (seeds > 1)
        assert table.loc["c", "effective"] == pytest.approx(0.1, abs=0.02)
        assert (table["verdict"] == MORE).to_dict() == {name: name == "c" for name in CLEAN}
        assert set(table["over"]) == {"seeds" if seeds > 1 else "images"}
        assert table["on_line"].to_dict() == {name: name != "c" for name in CLEAN}
        assert table.loc["c", "low"] > 0
        np.testing.assert_allclose(table["p_holm"], holm(table["p"]))


def test_over_seeds_the_line_is_laid_anew_for_each() -> None:
    made = outcomes(seeds=3)
    found = effective_robustness(made).table
    each = [
        effective_robustness(Outcomes(CONDITIONS, {name: right[[seed]] for name, right in made.right.items()})).table
        for seed in range(3)
    ]
    draws = np.stack([table["effective"] for table in each])
    over_images = effective_robustness(
        Outcomes(CONDITIONS, {name: right.reshape(1, 4, -1) for name, right in made.right.items()})
    )
    assert not over_images.over_seeds
    varied, freedom = moderated(draws.var(axis=0, ddof=1), 2, 10)
    alone = 2 * scipy.stats.t.sf(np.abs(found["effective"]) / np.sqrt(varied / 3), freedom)
    assert (found["p"] >= alone - 1e-12).all()  # images are a chance too


def test_the_error_over_images_is_the_spread_over_new_images() -> None:
    found = effective_robustness(outcomes(n=800, chance=999)).table
    new = np.stack([effective_robustness(outcomes(n=800, chance=chance)).table["effective"] for chance in range(200)])
    error = found["effective"].abs() / scipy.stats.norm.isf(found["p"] / 2)
    np.testing.assert_allclose(error, new.std(axis=0, ddof=1), rtol=0.3)


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_tickets_on_the_line_are_rarely_said_to_lie_off_it(seeds: int) -> None:
    false = [
        effective_robustness(outcomes(seeds, 500, chance=chance)).table["verdict"].isin([MORE, LESS]).any()
        for chance in range(150)
    ]
    assert scipy.stats.binomtest(sum(false), 150, 0.05, alternative="greater").pvalue > 0.001


def test_perfect_tickets_have_a_place_too() -> None:
    made = outcomes()
    made.right["a"][:, 0] = True
    table = effective_robustness(made).table
    numbers = table.select_dtypes("number").drop(columns=["detectable"])
    assert np.isfinite(numbers.to_numpy(float)).all()


def test_other_corruptions_serve_where_none_counts() -> None:
    made = outcomes()
    renamed = Outcomes([("clean", 0), ("shear", 1), ("scale", 1), ("rotate", 1)], made.right)
    corrupted = effective_robustness(renamed).table["corrupted"]
    assert corrupted.tolist() == pytest.approx([right[:, 1:].mean() for right in made.right.values()])


def test_too_little_to_lay_a_line_is_refused_in_words() -> None:
    made = outcomes()
    with pytest.raises(UserError, match="at least 5 tickets with different accuracies, and there are 4; choose more"):
        effective_robustness(made, line=list("abcd"))
    twins = {name: made.right["a" if name in "bc" else name] for name in CLEAN}
    with pytest.raises(UserError, match="there are 4"):
        effective_robustness(Outcomes(CONDITIONS, twins))
    with pytest.raises(UserError, match="there are 0"):
        effective_robustness(Outcomes(CONDITIONS, {}))
    with pytest.raises(UserError, match="finish measuring"):
        effective_robustness(Outcomes(CONDITIONS[1:], {name: each[:, 1:] for name, each in made.right.items()}))
    level = {name: np.concatenate([made.right["a"][:, :1], each[:, 1:]], axis=1) for name, each in made.right.items()}
    with pytest.raises(UserError, match="equally accurate on clean images"):
        effective_robustness(Outcomes(CONDITIONS, level))
    with pytest.raises(UserError, match="Ticket z has no results"):
        effective_robustness(made, line=[*"abcde", "z"])
