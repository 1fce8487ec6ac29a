"""Diffenderfer et al. 2021: tickets in the lottery's manner survive corrupted images better than classical pruning."""

import numpy as np

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import DENSE, StudyResults

SPARSITY = 0.9
SUPERMASKS = ("edge_popup", "biprop")


def corrupted(study: StudyResults, method: str) -> np.ndarray:
    """Mean accuracy over all conditions but the clean one, in percent, by seed."""
    sparsity = 0.0 if method == DENSE else SPARSITY
    ids = [entry.id for entry in study.entries(method, sparsity)]
    rows = study.results.table("conditions", ids=ids, columns=["ticket_id", "corruption", "accuracy"])
    means = rows[rows["corruption"] != "clean"].groupby("ticket_id")["accuracy"].mean()
    result: np.ndarray = 100 * means.loc[ids].to_numpy()
    return result


def _clean(study: StudyResults, one: str, other: str) -> str:
    gap = study.gap((one, SPARSITY), (other, SPARSITY))
    return f"On clean images the difference is {gap} already, probably since LeNet-5 is narrow and theirs are wide."


def claims(study: StudyResults) -> list[Claim]:
    """Accuracy on corrupted digits, by pairs of methods."""
    better, worse = "matching or better robustness", "classical pruning falls behind"
    pairs = [
        ("lrr", DENSE, "Learning rate rewinding makes networks as robust as the dense one or more so.", better),
        ("imp", DENSE, "So does rewinding of the weights.", better),
        ("lrr", "magnitude", "Learning rate rewinding is more robust than pruning once and fine-tuning.", worse),
        ("lrr", "gmp", "It is more robust than gradual pruning.", worse),
        ("edge_popup", "magnitude", "Subnetworks of untrained weights are more robust than fine-tuned ones.", worse),
        ("biprop", "magnitude", "So are binary ones.", worse),
    ]
    return [
        Claim(
            finding,
            number,
            f"{one} minus {other} at 90 %, mean accuracy over the corruptions of MNIST-C",
            study.over_seeds(corrupted(study, one) - corrupted(study, other)),
            why=_clean(study, one, other) if one in SUPERMASKS else "",
        )
        for one, other, finding, number in pairs
    ]


REPRODUCTION = Reproduction(
    "card",
    "A winning hand: compressing deep networks can improve out-of-distribution robustness",
    "Diffenderfer et al. 2021, arXiv 2106.09129",
    2021,
    "LeNet-5 on 4,000 digits of MNIST and MNIST-C's corruptions instead of ResNets on CIFAR-10-C; 90 % sparsity. "
    "Learning rate rewinding and rewinding train again at each of five levels, so they train for longer than the rest.",
    claims,
    ("conditions",),
)
