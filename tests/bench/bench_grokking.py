"""A step of a grokking network: the one training loop against a bare loop of the same operations.

Both take every pair of addition modulo 67 in the training set as a batch, in an order drawn anew each step, and count
what they got right. The bare loop knows the tokens, tests nothing, notes nothing and stops for nothing.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from pruning.data import Dataset, load_data
from pruning.models import build_model
from pruning.models.modular_nets import TokenNet, tokens_of
from pruning.tasks import get_task
from pruning.training.config import Training
from pruning.training.loop import train
from tests.bench.rows import Row, versus

STEPS, FEW, REPEATS = 200, 40, 10
POINT_EVERY = 100
RATE, BETAS, DECAY = 1e-3, (0.9, 0.98), 1.0
MOST = 1.15


def run(quick: bool) -> list[Row]:
    """A row a network; the note has the milliseconds of one core that a step takes."""
    data = load_data("modular:add:67:0.6")
    steps, repeats = (FEW, 2) if quick else (STEPS, REPEATS)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = []
        for name in ("modular_mlp",):
            times = versus(partial(bare, data, name, steps), partial(ours, data, name, steps), repeats, cpu=True)
            note = f"{1000 * times[1] / steps:.2f} ms of one core a step"
            rows.append(Row(f"{steps} grokking steps of {name}", *times, MOST, at_most=True, note=note))
        return rows
    finally:
        torch.set_num_threads(before)


def ours(data: Dataset, name: str, steps: int) -> None:
    """Through the one training loop."""
    config = Training(
        epochs=steps, batch_size=2048, optimizer="adamw", lr=RATE, betas=BETAS, weight_decay=DECAY, warmup_epochs=0,
        schedule="constant", log_every=POINT_EVERY,
    )  # fmt: skip
    model = build_model(name, data.num_classes, data.shape, 0, gives_logits=False)
    train(model, data, config, 0, task=get_task("modular"))


def bare(data: Dataset, name: str, steps: int) -> Tensor:
    """The same operations, one after another."""
    model = build_model(name, data.num_classes, data.shape, 0, gives_logits=False)
    tokens, labels = tokens_of(data.train.images / 255), data.train.labels
    assert tokens is not None
    assert isinstance(model, TokenNet)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=BETAS, weight_decay=DECAY, foreach=True)
    right = torch.zeros((), dtype=torch.int64)
    for _ in range(steps):
        order = torch.randperm(len(labels))
        target = labels[order]
        logits = model.paired(*tokens[order].unbind(1))
        loss = F.cross_entropy(logits.double(), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right += (logits.detach().argmax(1) == target).sum()
    return right
