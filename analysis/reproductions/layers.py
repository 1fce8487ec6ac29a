"""Jordao et al. 2023: a residual network wins the lottery with whole blocks removed, and is faster for it."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from analysis.metrics import latency
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import DENSE, StudyResults
from pruning.data import load_data, normalise
from pruning.granularity.bypass import without_blocks
from pruning.granularity.dead_channels import with_dead_channels
from pruning.models import count_macs
from pruning.ticket import Ticket

SPARSITY = 0.4
BLOCKS, RANDOM, MAGNITUDE, FILTERS = "CKA", "random_blocks", "magnitude_blocks", "magnitude_filters"
AGAIN = "dense_again"
ATTACK = "fgsm"
SECONDS = 3.0  # for the training steps of a seed


def _sparsity(method: str) -> float:
    return 0.0 if method.startswith(DENSE) else SPARSITY


def under(study: StudyResults, method: str, attacked: bool) -> np.ndarray:
    """Accuracy in percent by seed: under FGSM, or the mean over the corruptions."""
    ids = [entry.id for entry in study.entries(method, _sparsity(method))]
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
    tickets = study.tickets(method, _sparsity(method))
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


def _multiply_adds(study: StudyResults) -> np.ndarray:
    """How many times the multiply-adds of the smaller network the dense one takes for an image, by seed."""
    ids = [entry.id for entry in study.entries(BLOCKS, SPARSITY)]
    rows = study.results.table("efficiency", ids=ids).set_index("ticket_id").loc[ids]
    result: np.ndarray = (rows["macs"] / rows["macs_kept"]).to_numpy()
    return result


def training_speedup(ticket: Ticket) -> float:
    """How many times as fast as the dense network the ticket is trained, without its blocks, by the median step."""
    dense, whole, shape = ticket.model(), ticket.model(), ticket.info.shape
    macs = count_macs(dense, shape)
    without = without_blocks(whole, with_dead_channels(whole, ticket.masks, shape, ticket.recipe.granularity), shape)
    labels = torch.arange(ticket.recipe.training.batch_size) % len(ticket.info.classes)
    images = torch.randn(len(labels), *shape, generator=torch.Generator().manual_seed(0))
    steps = latency.training_times([dense, without or dense], images, labels, macs, SECONDS)
    return float(np.median(steps[:, 0] / steps[:, 1]))


def claims(study: StudyResults) -> list[Claim]:
    """Accuracy, time and robustness without blocks, against the dense network, random blocks and filters."""
    return [
        Claim(
            "Without many of its blocks the network is as accurate as before, to a point.",
            "between -0.6 and +0.7 points",
            "blocks by CKA, 40 % of the weights removed, minus dense, both trained again",
            study.gap((BLOCKS, SPARSITY), (AGAIN, 0.0)),
            beyond=-1.0,
        ),
        Claim(
            "Chosen at initialisation, the same, to a point.",
            "between -1.0 and +0.7 points",
            "blocks by CKA at initialisation minus dense, both trained once",
            study.gap(("CKA_at_initialisation", SPARSITY), (DENSE, 0.0)),
            beyond=-1.0,
        ),
        Claim(
            "Blocks chosen at random do as well, to a point.",
            "+0.38 points",
            "random blocks minus blocks by CKA",
            study.gap((RANDOM, SPARSITY), (BLOCKS, SPARSITY)),
            beyond=-1.0,
        ),
        Claim(
            "So do blocks of the least magnitude, to a point.",
            "not tried: norms of layers are not comparable",
            "blocks by magnitude minus blocks by CKA",
            study.gap((MAGNITUDE, SPARSITY), (BLOCKS, SPARSITY)),
            beyond=-1.0,
        ),
        Claim(
            "The smaller network takes fewer multiply-adds to train.",
            "FLOPs -34 % (ResNet-32)",
            "multiply-adds for the same epochs, dense over blocks by CKA",
            study.times(_multiply_adds(study)),
            beyond=1.0,
            uncounted="A network without some of its blocks cannot take more.",
        ),
        Claim(
            "It is trained faster.",
            "1.1 to 1.6 times (ResNet-32)",
            "time of a training step, dense over blocks by CKA, taken in turn in one process",
            study.times([training_speedup(ticket) for ticket in study.tickets(BLOCKS, SPARSITY)]),
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
            "mean accuracy over the 19 corruptions at severity 3, blocks by CKA minus dense, both trained again",
            study.over_seeds(under(study, BLOCKS, False) - under(study, AGAIN, False)),
        ),
        Claim(
            "It is more robust to FGSM.",
            "",
            "accuracy under FGSM at severity 3, blocks by CKA minus dense, both trained again",
            study.over_seeds(under(study, BLOCKS, True) - under(study, AGAIN, True)),
        ),
        Claim(
            "It is more robust to images of another source.",
            "",
            "accuracy on MNIST's digits, averaged to 8x8 pixels, blocks by CKA minus dense, both trained again",
            study.over_seeds(elsewhere(study, BLOCKS) - elsewhere(study, AGAIN)),
        ),
    ]


REPRODUCTION = Reproduction(
    "layers",
    "When layers play the lottery",
    "Jordao et al. 2023",
    2023,
    "ResNet-32 on digits of 8x8 pixels for 6 epochs. CKA with and without a block is the criterion here, where the "
    "paper has HRank, expectABS, PLS and KL, and CKA as a measure. Seeds 0 to 6 were looked at when the arms were "
    "chosen and do not count: these are 7 to 11. What is pruned is trained again from its trained weights with the "
    "whole learning rate schedule, then its batch statistics are measured anew; so is the dense network that it is "
    "held against.",
    claims,
    ("conditions", "efficiency"),
)
