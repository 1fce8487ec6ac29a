"""HideNseek 2022: a data-free mask and trained signs, no weight trained."""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import StudyResults


def claims(study: StudyResults) -> list[Claim]:
    """What the mask is worth, what the signs are worth, and what training the weights would give."""
    return [
        Claim(
            "A mask of SynFlow, found before any data, is a better ground for signs than a random one.",
            "",
            "SynFlow's mask minus a random mask at 95 %",
            study.gap(("sign_supermask", 0.95), ("sign_random", 0.95)),
        ),
        Claim(
            "Training signs is better than choosing weights.",
            "up to +40.6 points (federated, different clients)",
            "signs minus edge-popup at 80 %",
            study.gap(("sign_supermask", 0.8), ("edge_popup", 0.8)),
        ),
        Claim(
            "One bit a weight is enough to come within 2 points of training the same weights.",
            "",
            "signs minus the same sparsity of SynFlow with its weights trained, at 50 %",
            study.gap(("sign_supermask", 0.5), ("synflow", 0.5)),
            beyond=-2.0,
        ),
    ]


REPRODUCTION = Reproduction(
    "signs",
    "HideNseek: sign supermasks",
    "Vallapuram et al. 2022, arXiv 2206.04385",
    2022,
    "One device instead of a federation, LeNet-300-100 on digits of 8x8 pixels; the paper's accuracies are of clients "
    "that see different classes.",
    claims,
)
