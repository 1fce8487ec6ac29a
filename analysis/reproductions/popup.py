"""Ramanujan et al. 2020, Diffenderfer & Kailkhura 2021: untrained weights hold subnetworks, binary ones too."""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import DENSE, StudyResults

HALF = 0.5


def claims(study: StudyResults) -> list[Claim]:
    """Accuracy of masks over untrained weights against the dense network's, over densities and kinds of weights."""
    return [
        Claim(
            "Untrained networks hold subnetworks that work.",
            "ResNet-50 at 30 %: 68.6 % on ImageNet",
            "edge-popup minus a random mask of the untrained network at 50 %",
            study.gap(("edge_popup", HALF), ("untrained_random", HALF)),
        ),
        Claim(
            "They come within 2 points of the trained dense network.",
            "a wide ResNet-50's equals a trained ResNet-34",
            "edge-popup at 50 % minus the trained dense network",
            study.gap(("edge_popup", HALF), (DENSE, 0.0)),
            beyond=-2.0,
        ),
        Claim(
            "About half of the weights is the best share: keeping most of them is worse.",
            "",
            "50 % kept minus 90 % kept",
            study.gap(("edge_popup", HALF), ("edge_popup", 0.1)),
        ),
        Claim(
            "So is keeping few.",
            "",
            "50 % kept minus 10 % kept",
            study.gap(("edge_popup", HALF), ("edge_popup", 0.9)),
        ),
        Claim(
            "Weights of one size a layer are better than weights of many sizes.",
            "68.6 against 61.7 %",
            "signed constants minus the initial weights, scaled to their size, at 50 %",
            study.gap(("edge_popup", HALF), ("edge_popup_scaled", HALF)),
        ),
        Claim(
            "Binary subnetworks of untrained networks match the trained dense one, to a point (multi-prize tickets).",
            "ResNet-18 at 80 %: 94.7 % on CIFAR-10, above its dense network",
            "biprop at 70 % minus the trained dense network",
            study.gap(("biprop", 0.7), (DENSE, 0.0)),
            beyond=-1.0,
        ),
    ]


REPRODUCTION = Reproduction(
    "popup",
    "What's hidden in a randomly weighted neural network? and multi-prize tickets",
    "Ramanujan et al. 2020, arXiv 1911.13299; Diffenderfer & Kailkhura 2021, arXiv 2103.09377",
    2020,
    "LeNet-300-100 on digits of 8x8 pixels; the papers' networks are far wider, which is what the theory asks for.",
    claims,
)
