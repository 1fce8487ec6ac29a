"""A ticket's network, ready to read single images, and to be attacked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import streamlit as st
import torch
from torch import nn

from analysis.corruptions.attacks import attack
from app.load import StudyView
from pruning.data import normalise
from pruning.models import count_macs
from pruning.study.folder import Study
from pruning.ticket import Ticket
from pruning.training.precision import settled


@dataclass(frozen=True, eq=False)
class Reader:
    """The network of a ticket on the CPU, for images of `shape` (C, H, W), and the names of its classes."""

    module: nn.Module
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    macs: int

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """Build the ticket's network. Raises UserError when its weights do not fit."""
        module, info = ticket.model().eval(), ticket.info
        macs = count_macs(module, info.shape)
        return cls(module, info.shape, tuple(info.classes), tuple(info.mean), tuple(info.std), macs)

    @torch.inference_mode()
    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 [N, C, H, W] -> classes int64 [N], and how sure it is, float32 [N] in [0, 1]."""
        with settled(self.macs):
            logits = self.module(normalise(torch.from_numpy(images), self.mean, self.std))
            confidence, prediction = logits.float().softmax(dim=1).max(dim=1)
        return prediction.numpy(), confidence.numpy()

    def attacked(self, image: np.ndarray, label: int, name: str, severity: int, seed: int, index: int) -> np.ndarray:
        """The image, uint8 [C, H, W], as this network minds it most; see `analysis.corruptions.attacks.attack`."""
        images, labels = torch.from_numpy(image)[None], torch.tensor([label])
        found = attack(
            self.module, images, labels, name, severity, mean=self.mean, std=self.std, seed=seed, index=[index]
        )
        return found[0].numpy()


def misfit(image: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Why an image of shape (C, H, W) cannot be shown to a network; "" when it can."""
    if tuple(image) == tuple(wanted):
        return ""
    return f"it takes {shape_in_words(wanted)}, and this is {shape_in_words(image)}"


def shape_in_words(shape: tuple[int, ...]) -> str:
    """(1, 28, 20) -> `20×28 pixels in grey`."""
    return f"{shape[2]}×{shape[1]} pixels in {'colour' if shape[0] == 3 else 'grey'}"


def reader(study: StudyView, ticket_id: str) -> Reader:
    """The reader of a ticket, kept until the study changes. Raises UserError when its file is damaged."""
    return _reader(study.path, study.stamp, ticket_id)


@st.cache_resource(max_entries=16, show_spinner=False)
def _reader(path: Path, stamp: str, ticket_id: str) -> Reader:
    return Reader.of(Study.open(path).load(ticket_id))
