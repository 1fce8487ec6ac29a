"""Zhang et al. 2021: trained weights hold subnetworks that need no further training, and magnitude is near them."""

import numpy as np

from analysis.metrics import overlap
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import DENSE, StudyResults
from pruning.recipe import percent

SPARSITY = 0.9
LABELS = {"snip": "SNIP", "grasp": "GraSP", "synflow": "SynFlow", "taylor": "Taylor", "random": "random"}

WHY = {
    "grasp": "Probably since GraSP, taken on trained weights, asks which of them further training would miss, and the "
    "search is a further training.",
    "taylor": "On one and the same network Taylor ranks weights as SNIP does, by |gw| and its square, so that the two "
    "masks are equal.",
}
BY_CHANCE = "Every mask shares a tenth with a random one: it says no more than that magnitude's shares more than that."


def shared(study: StudyResults, found: str, other: str, sparsity: float = SPARSITY) -> np.ndarray:
    """Percentage of the found mask that the other keeps too, by seed."""
    pairs = zip(study.tickets(found, sparsity), study.tickets(other, sparsity), strict=True)
    return np.array(
        [
            100 * overlap.pairwise({"found": one.masks, "other": two.masks}, "overlap").loc["found", "other"]
            for one, two in pairs
        ]
    )


def claims(study: StudyResults) -> list[Claim]:
    """Accuracy without any training of weights, the cost of the search, and which criterion's mask is nearest."""
    by_magnitude = shared(study, "jackpot_random", "magnitude")
    found = [
        Claim(
            "A mask alone, over trained weights that are not changed, comes within a point of the dense network.",
            "ResNet-32 at 90 %: 94.4 %, above its dense network",
            f"jackpot at {percent(SPARSITY)} minus dense, trained for as long as both the weights and the mask",
            study.gap(("jackpot", SPARSITY), ("dense_long", 0.0)),
            beyond=-1.0,
            why=f"From the dense network whose weights it has it differs by "
            f"{study.gap(('jackpot', SPARSITY), (DENSE, 0.0))}.",
        ),
        Claim(
            "The search is what makes it good: the mask by magnitude that it starts from is not.",
            "",
            f"jackpot minus the untuned mask by magnitude at {percent(SPARSITY)}",
            study.gap(("jackpot", SPARSITY), ("magnitude", SPARSITY)),
        ),
        Claim(
            "From magnitude, a third of the epochs is as good as a search from a random mask, to half a point.",
            "at least three times cheaper",
            f"8 epochs from magnitude minus 24 from random at {percent(SPARSITY)}",
            study.gap(("jackpot_third", SPARSITY), ("jackpot_random", SPARSITY)),
            beyond=-0.5,
        ),
        Claim(
            "Started from magnitude, the search ends better than from scores that are all alike.",
            "",
            "from magnitude minus from constant scores at 98 %",
            study.gap(("jackpot", 0.98), ("jackpot_constant", 0.98)),
        ),
        Claim(
            "Restricting the swaps helps.",
            "",
            "with the restriction minus without at 98 %",
            study.gap(("jackpot", 0.98), ("jackpot_free", 0.98)),
        ),
    ]
    found += [
        Claim(
            f"The mask that is found has more in common with magnitude's than with {label}'s.",
            "magnitude is the most similar",
            "overlap with magnitude minus overlap, in points of the mask found from a random start "
            f"(magnitude {by_magnitude.mean():.1f} %, chance 10 %)",
            study.over_seeds(by_magnitude - shared(study, "jackpot_random", name)),
            why=WHY.get(name, ""),
            uncounted=BY_CHANCE if name == "random" else "",
        )
        for name, label in LABELS.items()
    ]
    return found


REPRODUCTION = Reproduction(
    "jackpots",
    "Lottery jackpots exist in pre-trained models",
    "Zhang et al. 2021, arXiv 2104.08700",
    2021,
    "LeNet-300-100 on digits of 8x8 pixels; all scores are taken on the trained weights. The share of swaps that is "
    "carried out falls as half a cosine. Overlaps are those of the mask found from a random start, which owes "
    "magnitude nothing.",
    claims,
)
