"""Frankle & Carbin 2019: trained alone from its initialisation, a ticket is as good as the dense network."""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import DENSE, StudyResults
from pruning.study.folder import Entry

FIFTH, SEVENTH, THIN = 0.7902848, 0.865782272, 0.964815627911  # 21 %, 13 % and 3.5 % of the weights are kept


def early_stop(entry: Entry) -> float:
    """Epoch at which the loss on held-out images is lowest, read every quarter of an epoch."""
    return min(entry.info.history, key=lambda point: point.test_loss).epoch


def claims(study: StudyResults) -> list[Claim]:
    """Accuracy and speed of learning of tickets against the dense network and both controls."""
    return [
        Claim(
            "A ticket of 13 % of the weights is more accurate than the dense network.",
            "+0.3 points at 13.5 %",
            "accuracy of the ticket of 13 % minus the dense network's",
            study.gap(("imp", SEVENTH), (DENSE, 0.0)),
        ),
        Claim(
            "At 3.6 % of the weights tickets are back at the dense network's accuracy, to a point.",
            "equal at 3.6 %",
            "the same at 3.5 %",
            study.gap(("imp", THIN), (DENSE, 0.0)),
            beyond=-1.0,
        ),
        Claim(
            "With new initial weights the same mask learns worse: the initialisation matters.",
            "0.5 points at 21 %, more when sparser",
            "ticket minus reinitialised ticket at 3.5 %",
            study.gap(("imp", THIN), ("random_reinit", THIN)),
        ),
        Claim(
            "A random mask of the same layer-wise sparsities learns worse: the mask matters.",
            "random tickets fall off first",
            "ticket minus shuffled ticket at 3.5 %",
            study.gap(("imp", THIN), ("shuffled", THIN)),
        ),
        Claim(
            "Tickets learn faster than the dense network: the loss on held-out images is lowest sooner.",
            "38 % fewer iterations at 21 %",
            "epochs to the lowest loss, dense over ticket of 21 %",
            study.ratio((DENSE, 0.0), ("imp", FIFTH), early_stop),
            beyond=1.0,
        ),
        Claim(
            "Reinitialised tickets learn more slowly than tickets.",
            "2.5 times the iterations at 21 %",
            "epochs to the lowest loss, reinitialised over ticket, at 13 %",
            study.ratio(("random_reinit", SEVENTH), ("imp", SEVENTH), early_stop),
            beyond=1.0,
        ),
    ]


REPRODUCTION = Reproduction(
    "lth",
    "The lottery ticket hypothesis",
    "Frankle & Carbin 2019, arXiv 1803.03635",
    2019,
    "The paper's LeNet-300-100 and optimiser, on 4,000 of the 60,000 digits of MNIST and for 1,000 iterations instead "
    "of 50,000. Every layer loses a fifth a round, the output layer too, which loses a tenth in the paper.",
    claims,
)
