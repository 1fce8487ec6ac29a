"""Trainings of networks over tokens as their tickets' headers have them, made up."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.ticket import TicketInfo
from pruning.training.history import Epoch, Record


def training(seed: int, last: int, t_mem: float, t_gen: float, step: int = 10, record: Record | None = None) -> Entry:
    """A training of `last` iterations, an epoch each, with points every `step`; NaN: never."""
    points = [
        Epoch(epoch=at, loss=0.1, train_accuracy=float(at >= t_mem), test_accuracy=0.9 * (at >= t_gen) + 0.05)
        for at in range(step, last + 1, step)
    ]
    milestones = {"t_mem": [t_mem], "t_gen": [t_gen], "resolution": [float(step)]}
    noted = {f"milestones/{name}": values for name, values in milestones.items()} | (record or {})
    info = TicketInfo(shape=(1, 2, 7), classes=["0"], mean=[0], std=[1], history=points, record=noted)
    recipe = Recipe(model="lenet300", data="digits", criterion="snip", sparsity=0.9, seed=seed)
    return Entry(Path("nowhere"), recipe, info)


def looked_at(steps: list[int], tokens: int = 7, neurons: int = 2) -> Record:
    """What a network of so many neurons notes: a neuron's weight is step + 100 neuron + token."""
    many = [float(s + 100 * n + t) for s in steps for n in range(neurons) for t in range(tokens)]
    flat = [1 / 3] * (len(steps) * 3)
    return {
        "observed/iteration": [float(step) for step in steps],
        "spectrum/entropy": [math.log(1 + step) for step in steps],
        "spectrum/strongest": list(np.linspace(0.1, 0.9, len(steps))),
        "spectrum/dead": [0.0] * len(steps),
        "norms/l1": [float(step) for step in steps],
        "norms/l2": [float(step) / 2 for step in steps],
        "spectrum_mean/share": flat,
        "neuron_rows/row": [float(3 * n) for _ in steps for n in range(neurons)],
        "neurons/weight": many,
    }
