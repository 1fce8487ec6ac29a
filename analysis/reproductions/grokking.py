"""Minegishi et al. 2023: tickets of a network that has understood grok sooner, and it is not their norm."""

from collections.abc import Callable

import numpy as np

from analysis.comparisons.grokking import mask_speed, per_epoch
from analysis.comparisons.periodicity import looks
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number, weakest
from analysis.reproductions.study_results import StudyResults
from pruning.study.folder import Entry

SPARSITY = 0.6
BOUND = 95.0  # per cent of the test pairs, from which a network has understood
TICKET, DENSE = ("ticket", SPARSITY), ("dense", 0.0)
AT_INITIALISATION = ("snip", "grasp", "synflow")


def steps(entry: Entry) -> float:
    """Steps until the network has understood; all that it had where it never did, which then is too few."""
    found = entry.info.recorded("milestones")["t_gen"][0]
    return found if np.isfinite(found) else last(entry)


def last(entry: Entry) -> float:
    """Steps of its training."""
    return entry.info.history[-1].epoch * per_epoch(entry)


def accuracy_at(entry: Entry, step: float) -> float:
    """Per cent of the test pairs at the last point of the curve up to a step."""
    points = [point for point in entry.info.history if point.epoch * per_epoch(entry) <= step]
    return 100 * points[-1].test_accuracy


def half_way(entry: Entry) -> float:
    """The first step at which half of the test pairs are right: the transition."""
    points = (point.epoch * per_epoch(entry) for point in entry.info.history if point.test_accuracy > 0.5)
    return next(points, last(entry))


def entropy_at(entry: Entry, step: float) -> float:
    """Entropy of the neurons' spectra in nats, between two looks interpolated."""
    return float(np.interp(step, looks(entry), entry.info.record["spectrum/entropy"]))


def moved(entry: Entry) -> float:
    """How many times as fast the mask moves at the transition as when the training pairs are known."""
    known = entry.info.recorded("milestones")["t_mem"][0]
    return mask_speed(entry, SPARSITY, half_way(entry)) / mask_speed(entry, SPARSITY, known)


def claims(study: StudyResults) -> list[Claim]:
    """Who understands sooner, and what does not explain it."""
    dense = study.entries(*DENSE)

    def lacks(method: str) -> Number:
        """Points of test accuracy that a ticket lacks when the dense network has understood."""
        own = study.entries(method, SPARSITY)
        return study.over_seeds(
            [BOUND - accuracy_at(entry, steps(reference)) for entry, reference in zip(own, dense, strict=True)]
        )

    def times(one: tuple[str, float], other: tuple[str, float] = TICKET) -> Number:
        return study.ratio(one, other, steps)

    return [*_sooner(times), *_not_the_norm(study, times), *_masks(study, times, lacks), *_why(study, times, lacks)]


def _sooner(times: Callable[..., Number]) -> list[Claim]:
    return [
        Claim(
            "The ticket of a network that has understood needs at most a third of the dense network's steps.",
            "",
            "steps to 95 % of the test pairs, dense over ticket",
            times(DENSE),
            beyond=3.0,
        )
    ]


def _not_the_norm(study: StudyResults, times: Callable[..., Number]) -> list[Claim]:
    left = [10 - 100 * entry.info.accuracy for entry in study.entries("dense_no_decay")]
    return [
        *(
            Claim(
                f"It is not its {norm} norm: a dense network scaled to it needs three times the ticket's steps.",
                "",
                f"steps, dense with the ticket's initial {norm} norm over ticket",
                times((f"{norm}_matched", 0.0)),
                beyond=3.0,
            )
            for norm in ("L1", "L2")
        ),
        Claim(
            "Without weight decay the ticket understands, in half of the steps that the dense network needs with it.",
            "",
            "steps, dense with weight decay over ticket without",
            times(DENSE, ("ticket_no_decay", SPARSITY)),
            beyond=2.0,
        ),
        Claim(
            "Without weight decay the dense network does not: fewer than a tenth of the test pairs.",
            "",
            "10 % minus its accuracy on test pairs after 3,000 steps",
            study.over_seeds(left),
        ),
    ]


def _masks(study: StudyResults, times: Callable[..., Number], lacks: Callable[[str], Number]) -> list[Claim]:
    measured = "points below 95 % of the test pairs at the step where the dense network gets there, "
    return [
        Claim(
            "The mask of the network that has only memorised does not accelerate.",
            "",
            f"{measured}mask drawn when 95 % of the training pairs are right",
            lacks("memorised_mask"),
        ),
        Claim(
            "A mask of the transition is later than one drawn once the network has understood.",
            "",
            "steps, mask drawn at 50 % of the test pairs over ticket",
            times(("transition_mask", SPARSITY)),
            beyond=1.0,
        ),
        Claim("A random mask does not accelerate.", "", f"{measured}random mask", lacks("random")),
        Claim(
            "Nor does the ticket's mask, shuffled within layers.",
            "",
            f"{measured}shuffled",
            lacks("shuffled"),
        ),
        Claim(
            "Nor does pruning at initialisation.",
            "",
            f"{measured}the best of SNIP, GraSP and SynFlow (the least sure of the three)",
            weakest([lacks(name) for name in AT_INITIALISATION]),
        ),
        Claim(
            "The mask moves most at the transition.",
            "",
            "share of the mask that changes in 100 steps, at 50 % of the test pairs over at memorisation",
            study.times([moved(entry) for entry in study.entries(*DENSE)]),
            beyond=1.0,
            why="Magnitudes part most while the training pairs are learnt, in the first few hundred steps.",
        ),
    ]


def _why(study: StudyResults, times: Callable[..., Number], lacks: Callable[[str], Number]) -> list[Claim]:
    pairs = zip(study.entries(*TICKET), study.entries(*DENSE), strict=True)
    purer = [entropy_at(reference, steps(entry)) - entropy_at(entry, steps(entry)) for entry, reference in pairs]
    return [
        Claim(
            "When the ticket understands its neurons are more periodic than the dense network's at that step.",
            "",
            "entropy of the neurons' Fourier spectrum over the tokens, dense minus ticket",
            study.over_seeds(purer, "nats"),
        ),
        Claim(
            "The final signs on the initial magnitudes understand sooner than the ticket itself.",
            "",
            "steps, ticket over ticket with the signs of the trained network (not in the paper)",
            times(TICKET, ("final_signs", SPARSITY)),
            beyond=1.0,
        ),
        Claim(
            "With random signs the ticket's mask does not accelerate.",
            "",
            "points below 95 % of the test pairs at the step where the dense network gets there (not in the paper)",
            lacks("random_signs"),
        ),
    ]


REPRODUCTION = Reproduction(
    "grokking",
    "Grokking tickets",
    "Minegishi et al. 2023, arXiv 2310.19470",
    2023,
    "The paper's MLP with 128 instead of 500 dimensions and 128 instead of 48 neurons, and 60 instead of 40 % of the "
    "pairs for training, so that it groks in 2,000 steps and not in 20,000; the split is the same for all seeds. The "
    "ticket is drawn 500 steps after the dense network has understood. Steps are known to 10. A training that never "
    "gets there counts with the 3,000 steps that it had. Seed 100 was looked at before to see how long trainings take.",
    claims,
)
