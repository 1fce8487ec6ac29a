"""Frankle et al. 2019: tickets are stable, to the order of data and to pruning, where random subnetworks are not."""

import numpy as np

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import StudyResults

SPARSITY = 0.8926258176
POINTS = 100


def measured(
    study: StudyResults, method: str, relation: str, column: str = "l2", sparsity: float = SPARSITY
) -> np.ndarray:
    """A column of the results' table `stability`, for the tickets of a method: float64 [seeds]."""
    ids = [entry.id for entry in study.entries(method, sparsity)]
    rows = study.results.table("stability", ids=ids)
    result: np.ndarray = rows[rows["relation"] == relation].set_index("ticket_id")[column].loc[ids].to_numpy()
    return result


def to_order(study: StudyResults, rewind: int, shuffled: bool = False) -> np.ndarray:
    """Distance between two trainings under different orders of the data, by seed."""
    return measured(study, f"imp_{rewind}{'_shuffled' if shuffled else ''}_reordered", "order")


def to_pruning(study: StudyResults, rewind: int, shuffled: bool = False) -> np.ndarray:
    """Distance between the trained subnetwork and the trained dense network's weights under its mask, by seed."""
    return measured(study, f"imp_{rewind}{'_shuffled' if shuffled else ''}", "pruning")


def barriers(study: StudyResults, method: str, sparsity: float = SPARSITY) -> np.ndarray:
    """The error barriers between the two trainings in points, by seed."""
    return POINTS * measured(study, method, "order", "barrier", sparsity)


def claims(study: StudyResults) -> list[Claim]:
    """Distances of tickets against those of random subnetworks, and what rewinding does to them."""
    return [
        Claim(
            "Tickets are more stable to the order of the data than random subnetworks of like layers.",
            "2.8 times nearer (LeNet, 10.7 %)",
            "distance between two trainings, shuffled over ticket, rewound to 0",
            study.times(to_order(study, 0, shuffled=True) / to_order(study, 0)),
            beyond=1.0,
        ),
        Claim(
            "Tickets are more stable to pruning than random subnetworks.",
            "1.6 times nearer (LeNet, 10.7 %)",
            "distance to the dense network under the mask, shuffled over ticket, rewound to 0",
            study.times(to_pruning(study, 0, shuffled=True) / to_pruning(study, 0)),
            beyond=1.0,
        ),
        Claim(
            "Tickets of LeNet are stable at initialisation: the error barrier between two trainings is below 2 points.",
            "below 2 points",
            "2 points minus the barrier between two trainings of a ticket, rewound to 0",
            study.over_seeds(2 - barriers(study, "imp_0_reordered")),
        ),
        Claim(
            "Rewinding to a later iteration brings tickets nearer to the dense network.",
            "falls with the rewinding iteration",
            "distance to the dense network under the mask, rewound to 0 over rewound to 288 (of 600)",
            study.times(to_pruning(study, 0) / to_pruning(study, 288)),
            beyond=1.0,
            uncounted="What is rewound has half of its way behind it, whatever is kept: random subnetworks come nearer "
            f"by {study.times(to_pruning(study, 0, shuffled=True) / to_pruning(study, 288, shuffled=True))}.",
        ),
        Claim(
            "For LeNet, stable at initialisation, a small rewinding is as good as none, to half a point.",
            "",
            "accuracy rewound to 24 minus rewound to 0",
            study.gap(("imp_24", SPARSITY), ("imp_0", SPARSITY)),
            beyond=-0.5,
        ),
    ]


REPRODUCTION = Reproduction(
    "stability",
    "Stabilizing the lottery ticket hypothesis",
    "Frankle, Dziugaite, Roy & Carbin 2019, arXiv 1903.01611",
    2019,
    "LeNet-300-100 on digits of 8x8 pixels, 600 iterations; 10.7 % of the weights are left after five rounds of 36 % "
    "of each layer, where the paper takes ten of 20 %. Distances are L2, over the weights that the mask keeps.",
    claims,
    ("stability", "lines"),
)
