"""Kalibhat et al. 2021: winning tickets in an autoencoder."""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, weakest
from analysis.reproductions.generative import FIFTH, PAPER, YEAR, score
from analysis.reproductions.study_results import DENSE, StudyResults

THIN, THINNEST = 0.931280523264, 0.988470784954  # 6.9 % and 1.2 % of the weights are kept


def claims(study: StudyResults) -> list[Claim]:
    """Reconstruction errors of tickets and of their controls."""
    found = [
        Claim(
            f"A ticket of {kept} gives images back as well as the dense network: its error is at most a fifth higher.",
            "winning tickets up to 99 % sparsity",
            f"error of the dense network over that of the ticket of {kept}",
            study.ratio((DENSE, 0.0), ("imp", sparsity), score),
            beyond=FIFTH,
        )
        for kept, sparsity in (("6.9 %", THIN), ("1.2 %", THINNEST))
    ]
    for kept, sparsity in (("6.9 %", THIN), ("1.2 %", THINNEST)):
        both = [study.ratio((name, sparsity), ("imp", sparsity), score) for name in ("random_reinit", "shuffled")]
        found.append(
            Claim(
                f"At {kept} new initial weights and a shuffled mask are both worse than the ticket.",
                "random tickets fall off earlier",
                f"error of the control over the ticket's, at {kept}, the one of the two that is less sure",
                weakest(both, 1.0),
                beyond=1.0,
            )
        )
    return found


REPRODUCTION = Reproduction(
    "generative_ae",
    "Winning lottery tickets in deep generative models: autoencoder",
    PAPER,
    YEAR,
    "An autoencoder of four layers on digits of 8x8 pixels, by the mean squared error of test images. Three "
    "seeds of five that were planned, for the time it takes.",
    claims,
)
