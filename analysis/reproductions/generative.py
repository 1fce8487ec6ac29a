"""Kalibhat et al. 2021: winning tickets in a variational autoencoder, and early birds."""

import numpy as np

from analysis.comparisons.dynamics import mask_distances
from analysis.comparisons.generative import COLLAPSED, kept_by_part
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, weakest
from analysis.reproductions.study_results import DENSE, StudyResults
from pruning.study.folder import Entry

QUARTER, THIN = 0.737856, 0.931280523264  # 26 % and 6.9 % of the weights are kept
EARLY = 0.7
FIFTH = 1 / 1.2
"""Lowest ratio of the dense network's score to a ticket's at which the ticket's is at most a fifth higher."""

PAPER = "Kalibhat et al. 2021, arXiv 2010.02350"
YEAR = 2021


def score(entry: Entry) -> float:
    """The task's score, of which less is better: Fréchet distance, or reconstruction error."""
    return entry.info.accuracy


def claims(study: StudyResults) -> list[Claim]:
    """Distances of tickets, of their controls, and of early birds; what the code says of an image."""
    return [*_tickets(study), *_controls(study), *_early_birds(study)]


def _tickets(study: StudyResults) -> list[Claim]:
    def as_good(sparsity: float, finding: str, paper: str) -> Claim:
        kept = f"{100 * (1 - sparsity):.2g} %"
        measured = f"FD of the dense network over that of the ticket of {kept}"
        return Claim(finding, paper, measured, study.ratio((DENSE, 0.0), ("imp", sparsity), score), beyond=FIFTH)

    def decoder_keeps(entry: Entry) -> float:
        share = kept_by_part(entry.info.layers, {"encoder": "encoder", "decoder": "decoder"}).set_index("part")["share"]
        return float(share["decoder"] / share["encoder"])

    return [
        as_good(
            QUARTER,
            "A ticket of 26 % of the weights makes images as good as the dense network's: its distance (FD) is at most "
            "a fifth higher.",
            "winning tickets up to 93 % sparsity",
        ),
        as_good(THIN, "So does a ticket of 6.9 %.", "winning tickets up to 93 % sparsity"),
        Claim(
            "The encoder loses more of its weights than the decoder.",
            "",
            "share kept of the decoder over that of the encoder, in the ticket of 6.9 %",
            study.times(study.values("imp", THIN, decoder_keeps)),
            beyond=1.0,
        ),
    ]


def _controls(study: StudyResults) -> list[Claim]:
    divergence = study.results.table("reconstruction", columns=["ticket_id", "kl"]).set_index("ticket_id")["kl"]
    worse = {
        (control, sparsity): study.ratio((control, sparsity), ("imp", sparsity), score)
        for control in ("random_reinit", "shuffled")
        for sparsity in (QUARTER, THIN)
    }
    return [
        Claim(
            "With new initial weights the same mask does not come up to the ticket: at 26 % its distance is at least "
            "2.5 times as large.",
            "random tickets fall off earlier",
            "FD of the reinitialised ticket over the ticket's, at 26 %",
            worse["random_reinit", QUARTER],
            beyond=2.5,
        ),
        Claim(
            "Nor does a shuffled mask.",
            "",
            "FD of the shuffled ticket over the ticket's, at 26 %",
            worse["shuffled", QUARTER],
            beyond=2.5,
        ),
        Claim(
            "At 6.9 % both have at least 5 times the distance.",
            "",
            "FD of the control over the ticket's, at 6.9 %, the one of the two that is less sure",
            weakest([worse["random_reinit", THIN], worse["shuffled", THIN]], 5.0),
            beyond=5.0,
        ),
        Claim(
            "The shuffled ticket fails by posterior collapse: its code says next to nothing of an image.",
            "",
            f"{COLLAPSED:g} nats minus the KL of its code, at 6.9 %",
            study.over_seeds(
                [COLLAPSED - float(divergence[entry.id]) for entry in study.entries("shuffled", THIN)], "nats"
            ),
        ),
    ]


def _early_birds(study: StudyResults) -> list[Claim]:
    kept = study.results.table("efficiency", columns=["ticket_id", "macs", "macs_kept"]).set_index("ticket_id")

    def spared(entry: Entry) -> float:
        """Per cent of the multiply-adds of the late ticket's two trainings; pruned weights cost none."""
        epochs, share = entry.recipe.training.epochs, kept.at[entry.id, "macs_kept"] / kept.at[entry.id, "macs"]
        early = entry.info.recorded("bird")["epoch"][0] + epochs * share
        return float(100 * (1 - early / (epochs + epochs * share)))

    def still_to_go(dense: Entry, drawn: Entry) -> float:
        """Per cent of the weights in which the masks at the draw and at the end of a dense training differ."""
        epochs, matrices = mask_distances(dense)
        at = int(np.argmin(np.abs(epochs - drawn.info.recorded("bird")["epoch"][0])))
        return 100 * float(matrices[0.8][at, -1])

    def seconds(method: str) -> float:
        return float(study.values(method, EARLY, lambda entry: entry.info.seconds).mean())

    saved = study.values("early_bird", EARLY, spared)
    far = [
        still_to_go(*pair)
        for pair in zip(study.entries(DENSE), study.entries("early_bird", EARLY), strict=True)
    ]  # fmt: skip
    scored = [study.ratio((name, EARLY), ("early_bird", EARLY), score) for name in ("snip", "grasp")]
    return [
        Claim(
            "A mask drawn early makes as good a ticket as one drawn at the end.",
            "early-bird tickets match",
            "FD of the late ticket over the early one's, at 30 %",
            study.ratio(("late_bird", EARLY), ("early_bird", EARLY), score),
            beyond=FIFTH,
            why="The late ticket has nearly twice the epochs, and its mask is of a network that has learnt; the two "
            "are not told apart here.",
        ),
        Claim(
            "It spares multiply-adds of the training.",
            "up to 88 % of the floating-point operations (against iterative pruning)",
            "per cent of the late ticket's, both of its trainings counted, without those of pruned weights (in time, "
            f"which pruned weights take all the same here: {seconds('early_bird'):.0f} s against "
            f"{seconds('late_bird'):.0f} s)",
            study.over_seeds(saved, "%"),
            uncounted="No ticket is drawn after the end of the training, so that it cannot be dearer.",
        ),
        Claim(
            "The early mask is near the final one: fewer than a tenth of the weights differ.",
            "",
            "10 % minus the share of weights in which the masks at the draw and at the end differ, at 80 %",
            study.over_seeds([10 - each for each in far]),
            why="The rule looks at the distance of masks an epoch apart, which says how fast they move, and not how "
            "far they have still to go.",
        ),
        Claim(
            "It is better than SNIP and GraSP on the same loss.",
            "",
            "FD of SNIP, or GraSP, over that of the early ticket, at 30 %, the one of the two that is less sure",
            weakest(scored, 1.0),
            beyond=1.0,
        ),
    ]


REPRODUCTION = Reproduction(
    "generative",
    "Winning lottery tickets in deep generative models: VAE",
    PAPER,
    YEAR,
    "A VAE of four layers, 36,000 weights, on digits of 8x8 pixels instead of convolutions on CIFAR-10 and CelebA. "
    "Distances are Fréchet's on the 16 features of a small classifier of the digits (FD), not FID: of 2,000 images "
    "made from the training images. Bounds come from a trial on other seeds. Three seeds of "
    "five that were planned, for the time it takes.",
    claims,
    ("reconstruction", "efficiency"),
)
