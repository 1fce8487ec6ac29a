"""Frantar & Alistarh 2023, Sun et al. 2023, Zhang et al. 2024: one shot, by score alone and with an update."""

import numpy as np

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number
from analysis.reproductions.study_results import StudyResults

SPARSITY = 0.9
SCORES = ("magnitude", "wanda", "ria", "obd", "fisher", "taylor")


def claims(study: StudyResults) -> list[Claim]:
    """Scores against one another, updates against none, and which of the two gains more."""

    def gap(one: str, other: str) -> Number:
        return study.gap((one, SPARSITY), (other, SPARSITY))

    return [
        Claim(
            "The size of a weight times the norm of its input is a better score than the size alone.",
            "7.26 against 17.29 (50 %)",
            "Wanda minus magnitude at 90 %",
            gap("wanda", "magnitude"),
        ),
        Claim(
            "So is relative importance times activation, and better than that.",
            "it surpasses all before it on LLaMA of 7 to 65 billion weights",
            "RIA minus Wanda at 90 %",
            gap("ria", "wanda"),
        ),
        Claim(
            "SparseGPT, which solves what stays, is better than magnitude alone.",
            "7.22 against 17.29",
            "SparseGPT minus magnitude at 90 %",
            gap("sparsegpt", "magnitude"),
        ),
        Claim(
            "Wanda, which solves nothing, comes up to SparseGPT, to a point.",
            "7.26 against 7.22",
            "Wanda minus SparseGPT at 90 %",
            gap("wanda", "sparsegpt"),
            beyond=-1.0,
        ),
        Claim(
            "On magnitude's own mask the update gains more than the best of the other scores does.",
            "",
            "magnitude solved minus the best of five other scores, chosen for each seed, at 90 %",
            study.over_seeds(study.values("magnitude_solved", SPARSITY) - _best(study, SCORES[1:])),
        ),
        Claim(
            "Once what stays is solved, it matters less which score chose it.",
            "",
            "best minus worst of six scores, without the update minus with it, at 90 %",
            study.over_seeds(_spread(study, "") - _spread(study, "_solved")),
        ),
        Claim(
            "The best weights within the mask are better than those of SparseGPT's sweep.",
            "",
            "least squares minus sweep on magnitude's mask at 90 %",
            gap("magnitude_exact", "magnitude_solved"),
        ),
        Claim(
            "Fitting blocks by gradient comes up to the best weights of each layer by itself, to a point.",
            "",
            "distilled minus least squares on magnitude's mask at 90 %",
            gap("magnitude_distilled", "magnitude_exact"),
            beyond=-1.0,
        ),
    ]


def _all(study: StudyResults, names: tuple[str, ...]) -> np.ndarray:
    return np.stack([study.values(name, SPARSITY) for name in names])


def _best(study: StudyResults, names: tuple[str, ...]) -> np.ndarray:
    found: np.ndarray = _all(study, names).max(axis=0)
    return found


def _spread(study: StudyResults, end: str) -> np.ndarray:
    found: np.ndarray = np.ptp(_all(study, tuple(f"{name}{end}" for name in SCORES)), axis=0)
    return found


REPRODUCTION = Reproduction(
    "one_shot_today",
    "One shot: the score and the update",
    "Frantar & Alistarh 2023, arXiv 2301.00774; Sun et al. 2023, arXiv 2306.11695; Zhang et al. 2024, ICLR (RIA)",
    2023,
    "LeNet-5 on 4,000 images of MNIST, the same sparsity in each layer, nothing trained after pruning, where the "
    "papers prune language models; their numbers are perplexities of LLaMA-7B. Scores see 250 images, updates 1,000.",
    claims,
)
