"""Rescues against loops written out, and where the answer is known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from analysis.metrics.drift import SHIFTS, predictions


def problem(seed: int, samples: int = 61, width: int = 5, classes: int = 4) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    source = torch.Generator().manual_seed(seed)
    weight, bias = torch.randn(classes, width, generator=source), torch.randn(classes, generator=source)
    labels = torch.randint(classes, (samples,), generator=source)
    clean = 2 * weight[labels] + torch.randn(samples, width, generator=source)
    return clean, labels, weight, bias


def by_hand(clean: np.ndarray, corrupted: np.ndarray, labels: np.ndarray, classes: int, place: int) -> dict:
    """The feature of one image with each shift undone, fitted on the images of the other half."""
    other = [i for i in range(len(labels)) if i % 2 != place % 2]
    drift = corrupted[other].mean(0) - clean[other].mean(0)

    def of_class(label: int) -> np.ndarray:
        own = [i for i in other if labels[i] == label]
        return corrupted[own].mean(0) - clean[own].mean(0) if own else drift

    scale = clean[other].std(0) / corrupted[other].std(0)
    turn = (place // 2) % (classes - 1)
    return {
        "drift": corrupted[place] - drift,
        "scale": (corrupted[place] - corrupted[other].mean(0)) * scale + clean[other].mean(0),
        "class": corrupted[place] - of_class(labels[place]),
        "other": corrupted[place] - of_class((labels[place] + 1 + turn) % classes),
    }


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_loops(seed: int) -> None:
    clean, labels, weight, bias = problem(seed)
    corrupted = clean.flip(1) * 0.7 + torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed + 50))
    found = predictions(clean, corrupted, labels, weight, bias)
    for place in range(len(labels)):
        each = by_hand(clean.double().numpy(), corrupted.double().numpy(), labels.numpy(), len(weight), place)
        for name, feature in each.items():
            logits = weight.double().numpy() @ feature + bias.double().numpy()
            assert found[name][place] == logits.argmax(), (name, place)


def test_what_was_done_is_undone() -> None:
    clean, labels, weight, bias = problem(9, samples=400)
    before = (clean.double() @ weight.double().T + bias).argmax(1)
    moved = clean + torch.tensor([3.0, -2.0, 0.0, 5.0, 1.0])
    assert torch.equal(predictions(clean, moved, labels, weight, bias)["drift"], before)
    squeezed = moved * torch.tensor([0.1, 3.0, 0.5, 1.0, 2.0])
    found = predictions(clean, squeezed, labels, weight, bias)
    assert torch.equal(found["scale"], before)
    assert not torch.equal(found["drift"], before)
    split = clean + 4 * torch.randn(len(weight), clean.shape[1], generator=torch.Generator().manual_seed(1))[labels]
    found = predictions(clean, split, labels, weight, bias)
    assert torch.equal(found["class"], before)
    assert (found["other"] == labels).double().mean() < (found["class"] == labels).double().mean()


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_few_images_and_features_that_do_not_vary_give_classes(samples: int) -> None:
    clean, labels, weight, bias = problem(0, samples)
    for corrupted in (torch.zeros_like(clean), clean):
        found = predictions(clean, corrupted, labels, weight, bias)
        assert list(found) == list(SHIFTS)
        assert all(((each >= 0) & (each < len(weight))).all() for each in found.values())
