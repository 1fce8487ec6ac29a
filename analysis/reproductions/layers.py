"""Jordao et al. 2023: a residual network wins the lottery with whole blocks removed, and is faster for it."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import DENSE, StudyResults, seconds
from pruning.data import load_data, normalise
from pruning.ticket import Ticket

SPARSITY = 0.4
BLOCKS, RANDOM, MAGNITUDE, FILTERS = "CKA", "random_blocks", "magnitude_blocks", "magnitude_filters"
ATTACK = "fgsm"


def under(study: StudyResults, method: str, attacked: bool) -> np.ndarray:
    """Accuracy in percent by seed: under FGSM, or the mean over the corruptions."""
    ids = [entry.id for entry in study.entries(method, 0.0 if method == DENSE else SPARSITY)]
    rows = study.results.table("conditions", ids=ids, columns=["ticket_id", "corruption", "accuracy"])
    chosen = rows["corruption"] == ATTACK if attacked else ~rows["corruption"].isin(("clean", "fgsm", "pgd"))
    result: np.ndarray = 100 * rows[chosen].groupby("ticket_id")["accuracy"].mean().loc[ids].to_numpy()
    return result


def elsewhere(study: StudyResults, method: str) -> np.ndarray:
    """Accuracy in percent by seed on digits of another source: MNIST's test images, averaged to 8x8 pixels."""
    other = load_data("mnist5k").test
    margin = 4  # MNIST leaves a frame of four pixels empty, scikit-learn's digits fill theirs
    inner = other.images[..., margin:-margin, margin:-margin].float()
    images = F.adaptive_avg_pool2d(inner, 8)
    images = (images / images.amax((1, 2, 3), keepdim=True) * 255).round().to(torch.uint8)
    tickets = study.tickets(method, 0.0 if method == DENSE else SPARSITY)
    return np.array([_accuracy(ticket, images, other.labels) for ticket in tickets])


def _accuracy(ticket: Ticket, images: torch.Tensor, labels: torch.Tensor) -> float:
    with torch.inference_mode():
        logits = ticket.model()(normalise(images, tuple(ticket.info.mean), tuple(ticket.info.std)))
    return 100 * float((logits.argmax(1) == labels).double().mean())


def _inference(study: StudyResults, method: str) -> np.ndarray:
    """How many times as fast as the dense network a batch goes through the ticket's smaller network, by seed."""
    ids = [entry.id for entry in study.entries(method, SPARSITY)]
    rows = study.results.table("efficiency", ids=ids).set_index("ticket_id")
    result: np.ndarray = rows.loc[ids, "speedup"].to_numpy()
    return result


def claims(study: StudyResults) -> list[Claim]:
    """Accuracy, time and robustness without blocks, against the dense network, random blocks and filters."""
    return [
        Claim(
            "Without many of its blocks the network is as accurate as before.",
            "between -0.6 and +0.7 points",
            "blocks by CKA, 40 % of the weights removed, minus dense",
            study.gap((BLOCKS, SPARSITY), (DENSE, 0.0)),
            beyond=-1.0,
        ),
        Claim(
            "Chosen at initialisation, the same.",
            "between -1.0 and +0.7 points",
            "blocks by CKA at initialisation minus dense",
            study.gap(("CKA_at_initialisation", SPARSITY), (DENSE, 0.0)),
            beyond=-1.0,
        ),
        Claim(
            "Blocks chosen at random do as well.",
            "+0.38 points",
            "random blocks minus blocks by CKA",
            study.gap((RANDOM, SPARSITY), (BLOCKS, SPARSITY)),
            beyond=-1.0,
        ),
        Claim(
            "So do blocks of the least magnitude.",
            "not tried: norms of layers are not comparable",
            "blocks by magnitude minus blocks by CKA",
            study.gap((MAGNITUDE, SPARSITY), (BLOCKS, SPARSITY)),
            beyond=-1.0,
        ),
        Claim(
            "The smaller network is trained faster.",
            "1.1 to 1.6 times (ResNet-32)",
            "seconds for the same epochs, dense over blocks by CKA",
            study.ratio((DENSE, 0.0), (BLOCKS, SPARSITY), seconds),
            beyond=1.0,
        ),
        Claim(
            "It is faster in use.",
            "as its multiply-adds",
            "latency of a batch, dense over blocks by CKA",
            study.times(_inference(study, BLOCKS)),
            beyond=1.0,
        ),
        Claim(
            "Blocks make the network faster than filters of as many weights do.",
            "no speed given for filters",
            "speedup of blocks over speedup of filters",
            study.times(_inference(study, BLOCKS) / _inference(study, FILTERS)),
            beyond=1.0,
        ),
        Claim(
            "Blocks cost less accuracy than filters.",
            "filters -0.1 to -0.8 points",
            "blocks by CKA minus filters by magnitude",
            study.gap((BLOCKS, SPARSITY), (FILTERS, SPARSITY)),
        ),
        Claim(
            "The smaller network is more robust to corruption.",
            "up to +3.7 points on CIFAR-10-C, some below 0",
            "mean accuracy over the 19 corruptions at severity 3, blocks by CKA minus dense",
            study.over_seeds(under(study, BLOCKS, False) - under(study, DENSE, False)),
        ),
        Claim(
            "It is more robust to FGSM.",
            "",
            "accuracy under FGSM at severity 3, blocks by CKA minus dense",
            study.over_seeds(under(study, BLOCKS, True) - under(study, DENSE, True)),
        ),
        Claim(
            "It is more robust to images of another source.",
            "",
            "accuracy on MNIST's digits, averaged to 8x8 pixels, blocks by CKA minus dense",
            study.over_seeds(elsewhere(study, BLOCKS) - elsewhere(study, DENSE)),
        ),
    ]


REPRODUCTION = Reproduction(
    "layers",
    "When layers play the lottery",
    "Jordao et al. 2023",
    2023,
    "ResNet-32 on digits of 8x8 pixels for 12 epochs. CKA with and without a block is the criterion here, where the "
    "paper has HRank, expectABS, PLS and KL, and CKA as a measure. A first run had three seeds, too few to tell "
    "anything from noise; this one has seven. What is pruned is trained again from its trained weights with the whole "
    "learning rate schedule.",
    claims,
    ("conditions", "efficiency"),
)
