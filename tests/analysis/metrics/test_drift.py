"""Rescues against loops written out, and where the answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from analysis.metrics.drift import SHIFTS, between_logits, predictions


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


@given(seed=st.integers(0, 999), classes=st.integers(2, 6), samples=st.integers(2, 40))
def test_of_logits_what_was_done_is_undone(seed: int, classes: int, samples: int) -> None:
    """Whatever vector, scale or vector a class was put on the logits of one network, the other half takes it off."""
    source = torch.Generator().manual_seed(seed)
    reference = 3 * torch.randn(samples, classes, generator=source, dtype=torch.float64)
    labels = torch.arange(samples) // 2 % classes  # every class there is in both halves, but for the last image
    decided = reference.argmax(1)
    vector = 9 * torch.randn(classes, generator=source, dtype=torch.float64)
    assert torch.equal(between_logits(reference, reference + vector, labels)["drift"], decided)
    if samples > 3:
        scale = 0.2 + 4 * torch.rand(classes, generator=source, dtype=torch.float64)
        assert torch.equal(between_logits(reference, reference * scale + vector, labels)["scale"], decided)
    each = 9 * torch.randn(classes, classes, generator=source, dtype=torch.float64)
    paired = samples - samples % 2
    moved = (reference + each[labels])[:paired]
    assert torch.equal(between_logits(reference[:paired], moved, labels[:paired])["class"], decided[:paired])


@given(seed=st.integers(0, 999))
def test_of_logits_the_order_of_the_classes_does_not_matter(seed: int) -> None:
    source = torch.Generator().manual_seed(seed)
    reference, logits = torch.randn(2, 30, 4, generator=source)
    labels, order = torch.randint(4, (30,), generator=source), torch.randperm(4, generator=source)
    place = order.argsort()
    found = between_logits(reference, logits, labels)
    again = between_logits(reference[:, order], logits[:, order], place[labels])
    for name in ("drift", "scale", "class"):
        assert torch.equal(again[name], place[found[name]])


def test_logits_are_features_of_a_classifier_that_does_nothing() -> None:
    source = torch.Generator().manual_seed(3)
    reference, logits = torch.randn(2, 50, 4, generator=source)
    labels = torch.randint(4, (50,), generator=source)
    found = between_logits(reference, logits, labels)
    for name, classes in predictions(reference, logits, labels, torch.eye(4), torch.zeros(4)).items():
        assert torch.equal(found[name], classes)
