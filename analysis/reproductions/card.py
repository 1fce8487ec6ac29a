"""Diffenderfer et al. 2021: tickets in the lottery's manner survive corrupted images better than classical pruning."""

import numpy as np

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import DENSE, StudyResults

SPARSITY = 0.9
SUPERMASKS = ("edge_popup", "biprop")
SHORTER = (DENSE, "magnitude")  # there are arms of fewer epochs of these


def corrupted(study: StudyResults, method: str) -> np.ndarray:
    """Mean accuracy over all conditions but the clean one, in percent, by seed."""
    sparsity = 0.0 if method.startswith(DENSE) else SPARSITY
    ids = [entry.id for entry in study.entries(method, sparsity)]
    rows = study.results.table("conditions", ids=ids, columns=["ticket_id", "corruption", "accuracy"])
    means = rows[rows["corruption"] != "clean"].groupby("ticket_id")["accuracy"].mean()
    result: np.ndarray = 100 * means.loc[ids].to_numpy()
    return result


def _clean(study: StudyResults, one: str, other: str) -> str:
    gap = study.gap((one, SPARSITY), (other, SPARSITY))
    return f"On clean images the difference is {gap} already, probably since LeNet-5 is narrow and theirs are wide."


def _shorter(study: StudyResults, one: str, other: str) -> str:
    gap = study.over_seeds(corrupted(study, one) - corrupted(study, other))
    return f"Against {other} of fewer epochs it is {gap}."


def claims(study: StudyResults) -> list[Claim]:
    """Accuracy on corrupted digits, by pairs of methods."""
    better, worse = "matching or better robustness", "classical pruning falls behind"
    pairs = [
        ("lrr", DENSE, "Learning rate rewinding makes networks as robust as the dense one, to a point.", better),
        ("imp", DENSE, "So does rewinding of the weights.", better),
        ("lrr", "magnitude", "Learning rate rewinding is more robust than pruning once and fine-tuning.", worse),
        ("lrr", "gmp", "It is more robust than gradual pruning.", worse),
        ("edge_popup", "magnitude", "Subnetworks of untrained weights are more robust than fine-tuned ones.", worse),
        ("biprop", "magnitude", "So are binary ones.", worse),
    ]
    return [_claim(study, one, other, finding, number) for one, other, finding, number in pairs]


def _claim(study: StudyResults, one: str, other: str, finding: str, number: str) -> Claim:
    """A pair at one budget: rewinding takes 24 epochs, so it is held against the arms that have as many."""
    searched = one in SUPERMASKS
    against = other if searched else f"{other}_long"
    return Claim(
        finding,
        number,
        f"{one} minus {against} at 90 %, mean accuracy over the corruptions of MNIST-C",
        study.over_seeds(corrupted(study, one) - corrupted(study, against)),
        beyond=-1.0 if other == DENSE else 0.0,
        why=_clean(study, one, other) if searched else _shorter(study, one, other) if other in SHORTER else "",
    )


REPRODUCTION = Reproduction(
    "card",
    "A winning hand: compressing deep networks can improve out-of-distribution robustness",
    "Diffenderfer et al. 2021, arXiv 2106.09129",
    2021,
    "LeNet-5 on 4,000 digits of MNIST and MNIST-C's corruptions instead of ResNets on CIFAR-10-C; 90 % sparsity. "
    "Learning rate rewinding and rewinding train again at each of three levels, 24 epochs in all; what they are held "
    "against has 24 epochs too. Untrained subnetworks have the 9 of pruning once and fine-tuning.",
    claims,
    ("conditions",),
)
