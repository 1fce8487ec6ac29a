"""Every verdict that a page makes, asked of a study in which nothing differs: whether it claims anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparisons import condition_cells, dominance, leaderboard
from analysis.comparisons.classes import class_costs
from analysis.comparisons.condition_cells import averaged, by_corruption
from analysis.comparisons.confusion import confusions, sinks, sufferers
from analysis.comparisons.correlations import methods_over_conditions
from analysis.comparisons.effective import LESS, MORE, effective_robustness
from analysis.comparisons.exemplars import find_exemplars
from analysis.comparisons.flips import flips_from_baseline
from analysis.comparisons.layers_apart import behind_dense, dense_of, from_clean, from_dense
from analysis.comparisons.levels import by_sparsity, sparsest_equivalent
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions, chosen
from analysis.comparisons.ranking import ranking
from analysis.comparisons.redundancy import redundant
from analysis.comparisons.rewinding import stable_from
from analysis.comparisons.supernets import rivals
from analysis.comparisons.two_studies import compare_studies
from analysis.comparisons.verdicts import against, verdicts
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.statistics.map_shapes import compare_shapes
from analysis.statistics.replication import bands
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls import (
    equal_budget,
    federated,
    generative,
    grokking,
    local,
    lost,
    masking,
    masks,
    ownership,
    scores,
    second_task,
    sentences,
    transfer,
)
from tests.analysis.nulls.layers import Networks
from tests.analysis.nulls.neighbourhoods import a_class_misled, a_map_misleads, neighbours_beyond_seeds, neighbours_kept
from tests.analysis.nulls.one_field import differs_by_one_field
from tests.analysis.nulls.sensitivity import a_layer_costs_most, a_layer_is_spared
from tests.analysis.nulls.studies import BASELINE

NOMINAL = 0.05


@dataclass(frozen=True)
class Claim:
    """A verdict of a page.

    Attributes:
        verdict: in words.
        page: where it is made.
        claims: the share of its statements about one null study that are false: mostly 0 or 1, whether there is any.
        fewest: seeds below which it claims nothing.
        loss: how much less accurate every ticket but the baseline is in truth, where equivalence is the claim.
        each: the rate is that of each statement by itself, and not of any of a study.
    """

    verdict: str
    page: str
    claims: Callable[[Predictions], float]
    fewest: int = 1
    loss: float = 0.0
    each: bool = False


def _clean(predictions: Predictions) -> Outcomes:
    return chosen(predictions.outcomes, [CLEAN])


def _others(predictions: Predictions) -> list[str]:
    return [key for key in predictions.predicted if key != BASELINE]


def worse_or_better(predictions: Predictions) -> float:
    """On clean images, against the baseline."""
    table = verdicts(_clean(predictions).per_image([0]))
    return float((against(table, BASELINE)["verdict"] == DIFFERS).any())


def worse_or_better_corrupted(predictions: Predictions) -> float:
    """On corrupted images, against the baseline."""
    outcomes = predictions.outcomes
    table = verdicts(outcomes.per_image(averaged(outcomes)))
    return float((against(table, BASELINE)["verdict"] == DIFFERS).any())


def a_pair_differs(predictions: Predictions) -> float:
    """Of all pairs under corruption."""
    outcomes = predictions.outcomes
    return float((verdicts(outcomes.per_image(averaged(outcomes)))["verdict"] == DIFFERS).any())


def ranks_part(predictions: Predictions) -> float:
    """More than one group of ties."""
    return float(ranking(predictions.outcomes, BASELINE)["group"].max() > 1)


def dominated(predictions: Predictions) -> float:
    """At equal costs somebody is said to be worse."""
    return _dominated(predictions, np.ones(len(predictions.predicted)))


def dominated_by_smaller(predictions: Predictions) -> float:
    """The tickets lose a point, and are smaller: said to be as good."""
    cost = np.arange(len(predictions.predicted), 0, -1, dtype=float)
    return _dominated(predictions, cost)


def _dominated(predictions: Predictions, cost: np.ndarray) -> float:
    outcomes = _clean(predictions).per_image([0])
    keys = list(outcomes)
    values = np.array([np.mean([own.mean() for own in outcomes[key].values()]) for key in keys])
    found = dominance.verdicts(keys, dominance.exact(cost, more=False), dominance.paired(keys, values, outcomes))
    return float(found[BASELINE].state == dominance.DOMINATED)


def slower_or_faster(predictions: Predictions) -> float:
    """Times of equal speed; the intervals of 31 rounds."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    rounds = np.sort(1 + 0.03 * rng.standard_normal((len(predictions.predicted), 31)), axis=1)
    gaps = dominance.by_intervals(np.median(rounds, axis=1), rounds[:, 9], rounds[:, 21], more=False)
    return float(gaps.real.any())


def sparsest_is_as_good(predictions: Predictions) -> float:
    """Every ticket loses a point, and one is called as good within a point."""
    families = pd.DataFrame({"key": _others(predictions), "kept": 1, "accuracy": 1.0})
    return float(sparsest_equivalent(families, _clean(predictions).per_image([0]), BASELINE).key is not None)


def a_level_differs(predictions: Predictions) -> float:
    """Four methods at two levels, against the first of them."""
    outcomes = _clean(predictions).per_image([0])
    families = pd.DataFrame(
        [(key, f"method {place // 2}", (0.5, 0.9)[place % 2]) for place, key in enumerate(outcomes)],
        columns=["key", "method", "sparsity"],
    )
    rows = by_sparsity(families, outcomes, "method 0", ["method 1", "method 2", "method 3"])
    return float((rows["verdict"] == DIFFERS).any())


def off_the_line(predictions: Predictions) -> float:
    """Effective robustness."""
    return float(effective_robustness(predictions.outcomes).table["verdict"].isin([MORE, LESS]).any())


def a_cell_differs(predictions: Predictions) -> float:
    """In the map of tickets by corruptions, or by waves: the share of conditions with such a cell."""
    outcomes = predictions.outcomes
    cells = condition_cells.gaps(outcomes, BASELINE, by_corruption(outcomes))
    return float((~cells["within_noise"]).groupby(cells["corruption"]).any().mean())


def churn_beyond_seeds(predictions: Predictions) -> float:
    """More changed predictions than between seeds."""
    return float(not flips_from_baseline(predictions, BASELINE)["within_noise"].all())


def more_exemplars(predictions: Predictions) -> float:
    """Of all tickets against the baseline's runs."""
    return float(not find_exemplars(predictions, _others(predictions), [BASELINE]).within_noise)


def uneven_over_classes(predictions: Predictions) -> float:
    """Some ticket costs some classes more than others."""
    outcomes = predictions.outcomes
    table = class_costs(chosen(outcomes, [outcomes.conditions[at] for at in averaged(outcomes)]), predictions.labels,
                        BASELINE).by_ticket  # fmt: skip
    return float(table["uneven"].any())


def a_class_is_a_sink(predictions: Predictions) -> float:
    """Of four tickets side by side under one corruption, some class takes more of the errors."""
    four, classes, condition = _side_by_side(predictions)
    return float(sinks(confusions(four, classes, condition))["stands_out"].any())


def a_class_suffers(predictions: Predictions) -> float:
    """The same of a class that is hit harder than the others."""
    return float(sufferers(*_side_by_side(predictions))["stands_out"].any())


def _side_by_side(predictions: Predictions) -> tuple[Predictions, int, Condition]:
    four = predictions.chosen(names=list(predictions.predicted)[:4])
    return four, int(predictions.labels.max()) + 1, predictions.conditions[-1]


def studies_differ(predictions: Predictions) -> float:
    """The first half of the tickets against the other, as two studies."""
    right = list(predictions.outcomes.right.values())
    half = len(right) // 2
    sides = [dict(zip("abcdefgh", part, strict=False)) for part in (right[:half], right[half : 2 * half])]
    first, second = (Outcomes(predictions.conditions, side) for side in sides)
    return float((compare_studies(first, second)["verdict"] == DIFFERS).any())


def a_study_leads(predictions: Predictions) -> float:
    """The tickets are those of three studies, and more than one group of ties is found among them."""
    found: dict[str, dict[str, dict[int, np.ndarray]]] = {}
    for place, (key, own) in enumerate(_clean(predictions).per_image([0]).items()):
        found.setdefault(f"study {place % 3}", {})[key] = own
    return float(not leaderboard.places(found)["best"].all())


def a_study_leads_beside_a_worse_one(predictions: Predictions) -> float:
    """As good as the others, with one that lost 3 of 100 images of the first: which of the others is behind."""
    found = dict(_clean(predictions).per_image([0]))
    first = next(iter(found.values()))
    lost = np.arange(predictions.labels.size) % 100 < 3
    worse = {seed: np.where(lost, 0.0, right) for seed, right in first.items()}
    table = leaderboard.places({"study": {**found, "worse": worse}})
    return float((~table.loc[table["key"] != "worse", "best"]).any())


def a_ranking_to_keep(predictions: Predictions) -> float:
    """Few corruptions are said to rank the methods as all do."""
    return float(redundant(predictions.outcomes, resamples=2).ranked)


def tickets_correlate(predictions: Predictions) -> float:
    """The share of pairs of tickets that are said to be good under the same corruptions."""
    found = methods_over_conditions(predictions.outcomes, centred=True)
    pairs = np.triu_indices(len(found.names), 1)
    return float((~found.within_noise[pairs]).mean())


def training_is_stable(predictions: Predictions) -> float:
    """Barriers of exactly 2 points at four iterations, said to be below."""
    seeds = len(predictions.predicted[BASELINE])
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    rows = [(at, 0.02 + 0.006 * rng.standard_normal()) for at in range(4) for _ in range(seeds)]
    found = stable_from(bands(pd.DataFrame(rows, columns=["rewind", "barrier"]), ["rewind"], "barrier"))
    return float(len(found) > 0 and found["shown"].all())


def parts_at_a_layer(predictions: Predictions) -> float:
    """Features of equal methods, as unit vectors: some layer is less alike than two seeds are."""
    drawn = _networks(predictions)
    return float(from_dense(drawn.alignment, drawn.seeds)["beyond"].any())


def breaks_at_a_layer(predictions: Predictions) -> float:
    """Corrupted features lie as far from the clean ones as another seed's."""
    drawn = _networks(predictions)
    return float(from_clean(drawn.alignment, drawn.corrupted, drawn.seeds)["beyond"].any())


def falls_behind_at_a_layer(predictions: Predictions) -> float:
    """Probes lose the same in all tickets, as in dense."""
    drawn = _networks(predictions)
    table = behind_dense(drawn.clean, drawn.corrupted, drawn.seeds, dense_of(drawn.alignment))
    return float(table["beyond"].any())


def _networks(predictions: Predictions) -> Networks:
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    return Networks.draw(rng, len(predictions.predicted[BASELINE]), len(predictions.predicted))


def leans_on_other_pixels(predictions: Predictions) -> float:
    """Smooth maps of one pattern, of unequal strength and noise: of one image, or by one seed of five."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds = len(predictions.predicted[BASELINE])
    images = 1 if seeds > 1 else 5

    def smooth(number: int) -> np.ndarray:
        drawn = rng.standard_normal((number, 8, 8))
        for axis in (1, 1, 2, 2):
            drawn = drawn + np.roll(drawn, 1, axis)
        return np.asarray(drawn.reshape(number, -1))

    pattern = smooth(1) + smooth(images) / 2
    drawn = zip(predictions.predicted, rng.uniform(0.5, 2, 99), rng.uniform(0.3, 1.5, 99), strict=False)
    maps = {
        key: {seed: strength * pattern + noise * smooth(images) for seed in range(seeds)}
        for key, strength, noise in drawn
    }
    return float(compare_shapes(maps, BASELINE)["differs"].any())


def another_than_a_super_ticket(predictions: Predictions) -> float:
    """Tickets of one sparsity against one of them."""
    tickets = pd.DataFrame({"key": [*predictions.predicted], "sparsity": 0.85})
    table = rivals(_clean(predictions).per_image([0]), tickets, BASELINE)
    return float((table["verdict"] == DIFFERS).any())


CLAIMS = (
    Claim("worse / better than the baseline, clean", "Overview and Dynamics, Training", worse_or_better),
    Claim("worse / better than the baseline, corrupted", "Overview and Robustness, Ranking", worse_or_better_corrupted),
    Claim("differs at an equal budget", "analysis compare", equal_budget.differs_at_an_equal_budget),
    Claim("differs by one field alone", "Overview, Descent", differs_by_one_field),
    Claim("sparsest as good as dense (all 1 point worse)", "Overview, tile", sparsest_is_as_good, loss=0.01),
    Claim("dominated (equal costs)", "Overview, Pareto", dominated),
    Claim("dominated by a smaller one (1 point worse)", "Overview, Pareto", dominated_by_smaller, loss=0.01),
    Claim("slower / faster", "Overview, Pareto", slower_or_faster),
    Claim("ranks that part", "Robustness, Ranking", ranks_part),
    Claim("off the line: effective robustness", "Robustness, Ranking", off_the_line),
    Claim("best of a board of studies", "Studies, All on one board", a_study_leads),
    Claim("behind on a board where one is", "Studies, All on one board", a_study_leads_beside_a_worse_one),
    Claim("a pair differs", "Robustness, Pairs", a_pair_differs),
    Claim("churn beyond seeds", "Robustness, Pairs", churn_beyond_seeds, fewest=2),
    Claim("a cell differs (each condition)", "Robustness, Corruptions and Fourier", a_cell_differs, each=True),
    Claim("some cell differs", "Robustness, Corruptions and Fourier", sentences.some_cell_differs),
    Claim("gradients seem masked", "Robustness, Corruptions", masking.gradients_seem_masked),
    Claim("withstands more or less at a size of attack", "Robustness, Corruptions", masking.withstands_more_or_less),
    Claim("differs in a domain", "Robustness, Ranking", masking.differs_in_a_domain),
    Claim(
        "farther from calibrated than noise (each ticket)",
        "Robustness, Calibration",
        sentences.miscalibrated_by_noise,
        each=True,
    ),
    Claim("costs uneven over classes", "Robustness, Classes", uneven_over_classes, fewest=2),
    Claim("more exemplars than by chance", "Robustness, Exemplars", more_exemplars, fewest=2),
    Claim("direction or length loses most (each ticket)", "Robustness, Lost images", lost.direction_decides, each=True),
    Claim("one cause costs most", "Robustness, Lost images", lost.one_cause_costs_most),
    Claim("one cause costs most (the map)", "Robustness, Lost images", lost.one_cause_costs_most_in_the_map),
    Claim("one part costs most (each ticket)", "Robustness, Lost images", lost.one_part_costs_most, each=True),
    Claim("a ranking of methods to keep", "Robustness, Redundancy", a_ranking_to_keep, fewest=2),
    Claim("tickets correlate (each pair)", "Robustness, Redundancy", tickets_correlate, each=True),
    Claim("differs at a level", "Dynamics, Levels", a_level_differs),
    Claim(
        "a pair's barrier lies below 2 points, or not (each pair)",
        "Dynamics, Linear interpolation",
        sentences.told_stable_or_not,
        each=True,
    ),
    Claim(
        "as good at fewer epochs (all 1 point worse)", "Dynamics, Training cost", sentences.cheap_and_as_good, loss=0.01
    ),
    Claim("stable (barriers of 2 points)", "Dynamics, Stability", training_is_stable, fewest=2),
    Claim("turns or shortens", "Geometry, Local", local.turns_or_shortens),
    Claim("turns or shortens most", "Geometry, Local", local.turns_more),
    Claim("a class loses most", "Geometry, Local", local.suffers_most),
    Claim("a class is nearer to another", "Geometry, Local", local.nearer_to_another),
    Claim("an arrow beyond noise", "Geometry, Local", local.an_arrow),
    Claim("a class takes the errors", "Geometry, Global", a_class_is_a_sink),
    Claim("a class suffers", "Geometry, Global", a_class_suffers),
    Claim("parts from dense at a layer", "Geometry, Layers", parts_at_a_layer, fewest=2),
    Claim("breaks at a layer", "Geometry, Layers", breaks_at_a_layer, fewest=2),
    Claim("falls behind dense at a layer", "Geometry, Layers", falls_behind_at_a_layer, fewest=2),
    Claim("leans on other pixels", "Geometry, Attribution", leans_on_other_pixels),
    Claim("a ticket differs between studies", "Studies", studies_differ),
    Claim("another accuracy than a SuperTicket's", "Supernet", another_than_a_super_ticket),
    Claim("another accuracy in a second task", "Supernet", second_task.worth_more_than_another_mask, fewest=2),
    Claim("another accuracy, in as many rounds", "Federated", federated.differs_at_the_end, fewest=2),
    Claim("another accuracy, for as many bytes", "Federated", federated.differs_at_equal_bytes, fewest=2),
    Claim("groks sooner or later", "Grokking", grokking.sooner_or_later, fewest=2),
    Claim("transfers otherwise than dense", "Transfer", transfer.transfers_otherwise),
    Claim("is as well calibrated as dense on the target", "Transfer", transfer.transfers_as_well, fewest=2),
    Claim("carries the owner's code", "Ownership", ownership.carries_a_code),
    Claim("carries the owner's code once realigned", "Ownership", ownership.carries_a_code_realigned),
    Claim("knows the owner's labels", "Ownership", ownership.knows_the_labels),
    Claim("weights in common beyond chance", "Overview and Masks", masks.keeps_the_same_weights),
    Claim("pruned by hand, less accurate than the whole", "Masks, What if", sentences.prunes_at_a_cost),
    Claim("a layer costs most when pruned alone", "Masks, Sensitivity", a_layer_costs_most),
    Claim("a layer costs next to nothing", "Masks, Sensitivity", a_layer_is_spared),
    Claim("neighbours change more than by retraining", "Geometry, Maps", neighbours_beyond_seeds, fewest=3),
    Claim("keeps fewer neighbours under corruption", "Geometry, Maps", neighbours_kept),
    Claim("a map tells less of a class", "Geometry, Maps", a_class_misled),
    Claim("a map misleads", "Geometry, Maps", a_map_misleads),
    Claim("a task's score differs", "Overview and Dynamics, of other tasks", scores.a_score_differs, fewest=2),
    Claim("a task's score is equivalent", "Overview, of other tasks", scores.a_score_is_equivalent, fewest=2),
    Claim("a score differs", "Generated, Score", generative.a_score_differs, fewest=2),
    Claim("a posterior collapsed (each ticket)", "Generated, Score", generative.a_posterior_collapsed, each=True),
)
