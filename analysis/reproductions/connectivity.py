"""Frankle et al. 2020: early in training the outcome becomes stable to the order of the data, and tickets need that."""

import numpy as np

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.stability import POINTS, measured
from analysis.reproductions.study_results import DENSE, StudyResults

SPARSITY = 0.84
LATE = 45  # of 540 iterations: the end of the first epoch


def barriers(study: StudyResults, arm: str, rewind: int) -> np.ndarray:
    """Error barriers in points by seed: of the dense network or of tickets, trained twice from an iteration on."""
    sparsity = 0.0 if arm == DENSE else SPARSITY
    return POINTS * measured(study, f"{arm}_{rewind}_reordered", "order", "barrier", sparsity)


def claims(study: StudyResults) -> list[Claim]:
    """Barriers over the iteration from which the two trainings differ, and the accuracy of tickets rewound to it."""
    return [
        Claim(
            "Trained twice from its initialisation, a residual network ends in two minima with a barrier between them.",
            "ResNet-20 becomes stable at iteration 2,000 only",
            "barrier between two trainings from iteration 0",
            study.over_seeds(barriers(study, DENSE, 0)),
            beyond=2.0,
        ),
        Claim(
            "Trained twice from a later iteration it ends in one linearly connected minimum.",
            "stable from 3 % of the training on",
            "how much smaller the barrier is from iteration 45 of 540 on than from iteration 0",
            study.over_seeds(barriers(study, DENSE, 0) - barriers(study, DENSE, LATE)),
        ),
        Claim(
            "Tickets rewound to the initialisation are unstable.",
            "",
            "barrier between two trainings of a ticket rewound to 0",
            study.over_seeds(barriers(study, "imp", 0)),
            beyond=2.0,
        ),
        Claim(
            "Tickets rewound to a later iteration are stable.",
            "from iteration 2,000 on",
            "how much smaller the barrier of tickets rewound to iteration 45 is",
            study.over_seeds(barriers(study, "imp", 0) - barriers(study, "imp", LATE)),
        ),
        Claim(
            "Only tickets rewound to an iteration from which they are stable match the dense network.",
            "within 0.2 points of the dense network",
            "accuracy of tickets rewound to iteration 45 minus rewound to 0",
            study.gap((f"imp_{LATE}", SPARSITY), ("imp_0", SPARSITY)),
        ),
    ]


REPRODUCTION = Reproduction(
    "connectivity",
    "Linear mode connectivity and the lottery ticket hypothesis",
    "Frankle, Dziugaite, Roy & Carbin 2020, arXiv 1912.05671",
    2020,
    "ResNet-20 on digits of 8x8 pixels and 540 iterations instead of CIFAR-10 and 63,000; 16 % of the weights are left "
    "after two rounds. On digits this small most learning rates are stable from the start: the one here, 0.2 in "
    "batches of 32, was chosen on one seed of the dense network so that there is an instability to look at. A first "
    "run had three seeds, whose barriers differed too widely to say anything; this one has five. Batch statistics are "
    "measured anew at each of eleven points along the line.",
    claims,
    ("stability", "lines"),
)
