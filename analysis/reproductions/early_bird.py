"""You et al. 2020: masks settle early in training, and one drawn then is as good as the one drawn at the end."""

import numpy as np

from analysis.comparisons.dynamics import mask_distances
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import StudyResults
from pruning.study.folder import Entry

SPARSITY = 0.7
EARLY = 5  # epochs, the first at which five masks have been drawn


def drawn(entry: Entry) -> float:
    """Percentage of the training after which the mask was drawn."""
    return 100 * entry.info.recorded("bird")["epoch"][0] / entry.recipe.training.epochs


def still_to_go(dense: Entry) -> float:
    """Percentage of the weights in which the masks after `EARLY` epochs and at the end of a dense training differ."""
    epochs, matrices = mask_distances(dense)
    early = int(np.flatnonzero(epochs == EARLY)[0])
    return 100 * float(matrices[0.8][early, -1])


def claims(study: StudyResults) -> list[Claim]:
    """When the mask was drawn, how good the ticket is, and what it cost."""
    when = study.mean("early_bird", SPARSITY, drawn, "% of the training")
    epochs = study.recipe("early_bird", SPARSITY).training.epochs
    early = epochs * (1 + study.values("early_bird", SPARSITY, drawn) / 100)
    return [
        Claim(
            "The mask stops changing before 30 % of the training.",
            "at a very early stage",
            "30 % of the training minus the share after which the mask was drawn "
            f"(drawn after {when.value:.0f} % of it)",
            study.over_seeds(30 - study.values("early_bird", SPARSITY, drawn)),
        ),
        Claim(
            "The mask of that time is near the final one: fewer than a tenth of the weights differ.",
            "",
            "10 % minus the share of weights in which the masks after 5 of 20 epochs and at the end differ, at 80 %",
            study.over_seeds([10 - still_to_go(entry) for entry in study.entries("dense")]),
        ),
        Claim(
            "The early ticket is as good as the one drawn at the end, to half a point.",
            "comparable or better",
            "early minus late at 70 %, each trained again in full",
            study.gap(("early_bird", SPARSITY), ("late_bird", SPARSITY)),
            beyond=-0.5,
        ),
        Claim(
            "The same when less is left.",
            "comparable or better",
            "the same at 90 %",
            study.gap(("early_bird", 0.9), ("late_bird", 0.9)),
            beyond=-0.5,
        ),
        Claim(
            "It is cheaper.",
            "up to 4.7 times the energy saved",
            "epochs for the late ticket and its dense network over those for the early one, at 70 %",
            study.times(2 * epochs / early),
            beyond=1.0,
            uncounted="It is what the first finding says, and no ticket is drawn after the end of the training.",
        ),
        Claim(
            "It is better than a random mask.",
            "",
            "early minus a random mask drawn at the same time and trained for as long, at 90 %",
            study.gap(("early_bird", 0.9), ("early_random", 0.9)),
        ),
    ]


REPRODUCTION = Reproduction(
    "early_bird",
    "Drawing early-bird tickets",
    "You et al. 2020, arXiv 1909.11957",
    2020,
    "Single weights of LeNet-300-100 by magnitude instead of channels by their batch norm; 4,000 digits of MNIST. "
    "The mask is drawn when it differs by less than 0.1 from each of the four before it; since only a share of the "
    "weights can differ, that bound is easy to meet where few are kept. The late ticket has more epochs than the early "
    "one: its dense network is trained to the end.",
    claims,
)
