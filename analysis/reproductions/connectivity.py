"""Frankle et al. 2020: early in training the outcome becomes stable to the order of the data, and tickets need that."""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.stability import barriers
from analysis.reproductions.study_results import DENSE, StudyResults

SPARSITY = 0.84
LATE = 45  # of 540 iterations: the end of the first epoch
STABLE = 2.0  # points: the barrier below which the paper calls a network stable


def claims(study: StudyResults) -> list[Claim]:
    """Barriers over the iteration from which the two trainings differ, and the accuracy of tickets rewound to it."""
    dense, late = (barriers(study, f"{DENSE}_{rewind}_reordered", 0.0) for rewind in (0, LATE))
    ticket, late_ticket = (barriers(study, f"imp_{rewind}_reordered", SPARSITY) for rewind in (0, LATE))
    return [
        Claim(
            "Trained twice from its initialisation, a residual network ends in two minima with a barrier between them.",
            "ResNet-20 becomes stable at iteration 2,000 only",
            "barrier between two trainings from iteration 0",
            study.over_seeds(dense),
            beyond=STABLE,
        ),
        Claim(
            "Trained twice from a later iteration it ends in one linearly connected minimum: a barrier below 2 points.",
            "stable from 3 % of the training on",
            "2 points minus the barrier between two trainings from iteration 45 of 540",
            study.over_seeds(STABLE - late),
        ),
        Claim(
            "Tickets rewound to the initialisation are unstable.",
            "",
            "barrier between two trainings of a ticket rewound to 0",
            study.over_seeds(ticket),
            beyond=STABLE,
        ),
        Claim(
            "Tickets rewound to a later iteration are stable: a barrier below 2 points.",
            "from iteration 2,000 on",
            "2 points minus the barrier between two trainings of a ticket rewound to 45",
            study.over_seeds(STABLE - late_ticket),
        ),
        Claim(
            "Tickets rewound to a later iteration match the dense network, to a point.",
            "within 0.2 points of the dense network",
            "accuracy of tickets rewound to iteration 45 minus the dense network's",
            study.gap((f"imp_{LATE}", SPARSITY), (DENSE, 0.0)),
            beyond=-1.0,
        ),
        Claim(
            "They are more accurate than tickets rewound to the initialisation.",
            "",
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
    "batches of 32, was chosen on one seed of the dense network so that there is an instability to look at, and that "
    "there are five seeds by the barriers of seeds 0 to 4. None of these counts: the seeds are 5 to 9. Batch "
    "statistics are measured anew at each of eleven points along the line.",
    claims,
    ("stability", "lines"),
)
