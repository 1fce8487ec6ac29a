"""Li et al. 2022: pruned networks told apart by the geometry of their last feature layer, under corruption."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.geometry_robustness import clean_geometry, goes_with_robustness
from analysis.comparisons.similarity import Nodes, rank_agreement
from analysis.reproductions import corruption_geometry
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number, weakest
from analysis.reproductions.study_results import StudyResults

SPARSITY = 0.8
REFERENCE = "dense_long"  # trained for as long as the others
PRUNED = ("random", "magnitude", "taylor", "snip", "grasp")
MULTI_PRIZE = "biprop"
UNTRAINED = ("edge_popup", MULTI_PRIZE)
METHODS = {REFERENCE: 0.0} | dict.fromkeys((*PRUNED, *UNTRAINED), SPARSITY)
BLURS = ("gaussian_blur", "defocus_blur", "zoom_blur")
ALIKE = ("gaussian_blur", "zoom_blur")


def claims(study: StudyResults) -> list[Claim]:
    """Angles of multi-prize tickets, then how corruptions and methods group, then what goes with robustness."""
    angles = _angle_claims(study)
    nodes = corruption_geometry.nodes_of_all_seeds(study, METHODS)
    return angles + _corruption_claims(study, nodes) + _group_claims(study, nodes) + _robustness_claims(study, nodes)


def _angles(study: StudyResults, method: str, how: str, table: str = "samples", column: str = "angle") -> np.ndarray:
    """Mean or spread ("std") over the clean test images of the angle to the own class, in degrees, by seed."""
    ids = [entry.id for entry in study.entries(method, METHODS[method])]
    rows = study.results.table(table, ids=ids, columns=["ticket_id", column])
    result: np.ndarray = rows.groupby("ticket_id")[column].agg(how).loc[ids].to_numpy(np.float64)
    return result


def _angle_claims(study: StudyResults) -> list[Claim]:
    def more(how: str, other: str, sign: int, *of: str) -> Number:
        return study.over_seeds(
            sign * (_angles(study, MULTI_PRIZE, how, *of) - _angles(study, other, how, *of)), "degrees"
        )

    def claim(finding: str, how: str, against: tuple[str, ...], sign: int) -> Claim:
        number = weakest([more(how, other, sign) for other in against])
        centred = weakest([more(how, other, sign, "geometry", "centred_angle") for other in against])
        size = "mean" if how == "mean" else "spread"
        words = "biprop at 80 % minus {}" if sign > 0 else "{} minus biprop at 80 %"
        of = "the dense network" if against == (REFERENCE,) else f"the nearest of {' and '.join(against)} at 80 %"
        measured = f"{words.format(of)}, {size} over images of the angle to the own class"
        printed = "larger mean" if how == "mean" else "smaller spread"
        return Claim(
            finding, printed, measured, number, why=f"Without what all class directions share it is {centred}."
        )

    dense, fewer = (REFERENCE,), ("random", "magnitude")
    return [
        claim("Multi-prize tickets have larger angles to the own class than the dense network.", "mean", dense, 1),
        claim(
            "The count of weights does not explain it: they have larger ones than other networks of as many.",
            "mean",
            fewer,
            1,
        ),
        claim("Their angles have a smaller spread than the dense network's.", "std", dense, -1),
        claim("They have a smaller spread than those of other networks of as many weights.", "std", fewer, -1),
    ]


def _near(study: StudyResults, nodes: Nodes, group: tuple[str, ...], by_direction: bool = False) -> tuple[Number, str]:
    """How near a group of corruptions lies, by seed; and its exact p and the nearest group, by the mean over seeds."""
    own = [corruption_geometry.of_seed(nodes, seed, len(study.seeds)) for seed in range(len(study.seeds))]
    found = [corruption_geometry.condition_distances(each, by_direction) for each in own]
    names, mean = found[0][0], np.mean([distances for _, distances in found], axis=0)
    ratios = [corruption_geometry.nearness(names, distances, group)[0] for _, distances in found]
    _, share, nearest = corruption_geometry.nearness(names, mean, group)
    *others, last = (name.replace("_", " ") for name in nearest)
    of = {2: "pairs", 3: "triples"}[len(group)]
    return study.times(ratios), f"{100 * share:.1f} % of all {of} lie as near, {', '.join(others)} and {last} nearest."


def _corruption_claims(study: StudyResults, nodes: Nodes) -> list[Claim]:
    seeds = len(study.seeds)
    blurs, words = _near(study, nodes, BLURS)
    turned, turned_words = _near(study, nodes, BLURS, by_direction=True)
    alike, alike_words = _near(study, nodes, ALIKE)
    alike_turned = _near(study, nodes, ALIKE, by_direction=True)[1]
    rhos = [
        -rank_agreement(corruption_geometry.of_seed(nodes, seed, seeds), permutations=0).rho for seed in range(seeds)
    ]
    together = rank_agreement(nodes)
    measured = "distance in length and margin that a fortieth of all {} of corruptions stay below, over that {}"
    return [
        Claim(
            "Corruptions group by geometry: Gaussian, defocus and zoom blur lie together.",
            "a group on its map",
            measured.format("triples", "among the three"),
            blurs,
            beyond=1.0,
            why=words,
        ),
        Claim(
            "They change the geometry in the same direction, however strong they are.",
            "",
            "the same of one minus the cosine between the changes from clean images",
            turned,
            beyond=1.0,
            why=turned_words,
        ),
        Claim(
            "Benchmarks are redundant: Gaussian blur is like zoom blur.",
            "redundant",
            measured.format("pairs", "between the two"),
            alike,
            beyond=1.0,
            why=f"{alike_words} By direction, {alike_turned}",
        ),
        Claim(
            "Corruptions that are alike in geometry rank methods alike.",
            "",
            "minus the rank correlation of distance in geometry with Kendall's tau of the accuracies, over pairs of "
            "corruptions",
            study.over_seeds(rhos, ""),
            why=f"With the tickets of all seeds it is {-together.rho:.2f}, p = {together.p:.2g} when names of "
            "corruptions are exchanged.",
        ),
    ]


def _group_claims(study: StudyResults, nodes: Nodes) -> list[Claim]:
    distances = corruption_geometry.network_distances(nodes, len(study.seeds))
    names = list(METHODS)
    group, rest = ([names.index(each) for each in own] for own in (UNTRAINED, PRUNED))
    p = corruption_geometry.permutation_p(distances)

    def away(*own: int) -> Number:
        return study.jackknifed(lambda seeds: corruption_geometry.apart(distances, own, rest, seeds), "times")

    def from_each_other(seeds: Sequence[int]) -> float:
        return corruption_geometry.apart(distances, group[:1], rest, seeds, group[1:])

    return [
        Claim(
            "Methods are told apart by their geometry: seeds of one are nearer to each other than methods are.",
            "groups on its map",
            "distance between methods over that between seeds of a method, under all conditions",
            study.jackknifed(lambda seeds: corruption_geometry.between_over_within(distances, seeds), "times"),
            beyond=1.0,
            why=f"p = {p:.2g} when methods are exchanged within seeds.",
        ),
        Claim(
            "How methods lie among each other is stable over seeds.",
            "",
            "rank correlation between two seeds of the distances between methods",
            study.jackknifed(lambda seeds: corruption_geometry.agreement(distances, seeds)),
        ),
        Claim(
            "Tickets of untrained weights lie farther from pruned and trained networks than these from each other.",
            "groups on its map",
            "distance of edge-popup and biprop from pruned and trained networks over that of these from each other",
            away(*group),
            beyond=1.0,
            why=f"They are no group for that: biprop by itself lies {away(group[1])} as far, and edge-popup "
            f"{study.jackknifed(from_each_other, 'times')} as far from biprop.",
        ),
    ]


def _robustness_claims(study: StudyResults, nodes: Nodes) -> list[Claim]:
    ids = [entry.id for name, sparsity in METHODS.items() for entry in study.entries(name, sparsity)]
    rows = pd.DataFrame(
        {
            "ticket_id": ids,
            "method": np.repeat(list(METHODS), len(study.seeds)),
            "accuracy": nodes.accuracy[:, 0],
            "corrupted": corruption_geometry.corrupted_accuracy(nodes),
        }
    )
    found = goes_with_robustness(rows.merge(clean_geometry(study.study), on="ticket_id")).set_index("measure")

    def claim(finding: str, measure: str, sign: int) -> Claim:
        rho, low, high = _turned(sign, *found.loc[measure, ["rho", "low", "high"]].astype(float))
        minus = "minus the " if sign < 0 else ""
        return Claim(
            finding,
            "",
            f"{minus}partial rank correlation with mean accuracy under corruption at equal clean accuracy",
            Number(rho, low, high, f"{len(METHODS)} methods", ""),
        )

    return [
        claim("Geometry goes with robustness: a wider gap to other classes, at equal clean accuracy.", "gap", 1),
        claim("So do margins that are large for the length of the features.", "relative_margin", 1),
        claim("So do smaller angles to the own class.", "centred_angle", -1),
    ]


def _turned(sign: int, value: float, low: float, high: float) -> tuple[float, float, float]:
    """A number and its interval, turned round where the sign is -1."""
    return (value, low, high) if sign > 0 else (-value, -high, -low)


REPRODUCTION = Reproduction(
    "robustness_lottery",
    "Understanding robustness lottery: a geometric visual comparative analysis of neural network pruning approaches",
    "Li et al. 2022, arXiv 2206.07918",
    2022,
    "LeNet-5 on 4,000 digits of MNIST under 18 corruptions of CIFAR-10-C at severity 3, at 80 % sparsity; the paper "
    "has larger networks, MNIST-C, CIFAR-10-C and ImageNet-C, and pictures where here are numbers, so that no number "
    "of its own stands beside ours. Angles are the paper's, between a feature and the direction of its class. "
    "Second-order pruning is GraSP. All have 9 epochs.",
    claims,
    ("samples", "geometry"),
)
