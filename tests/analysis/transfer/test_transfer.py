"""Mapping, prompt and probe against brute force, a case of two classes worked out by hand, and scikit-learn."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from analysis.transfer import probe, prompt
from analysis.transfer.mapping import frequencies, greedy
from analysis.transfer.prompt import Frame
from analysis.transfer.target import Target, in_channels, resized, whole
from analysis.transfer.ways import MAPPING, PROBE, PROMPT, Subject
from pruning.data import Split
from pruning.errors import UserError

SIDE, INNER = 4, 2
THRESHOLD = 11.0


def bright_or_not(images: Tensor) -> Tensor:
    """A network of two classes: the second where all pixels together are brighter than `THRESHOLD`.

    The picture of a dark image adds 0 and that of a bright one 4. With a black border both are of the first class; a
    border of 12 pixels parts them where it adds between 7 and 11, a mean of .58 to .92.
    """
    total = 2 * (images.sum(dim=(1, 2, 3)) - THRESHOLD)
    return torch.stack([torch.zeros_like(total), total], dim=1)


@pytest.fixture
def target() -> Target:
    """Two classes of 2x2 pixels: all dark, all bright."""
    labels = torch.arange(20) % 2
    images = (255 * labels.view(-1, 1, 1, 1)).expand(-1, 1, INNER, INNER).to(torch.uint8)
    split = Split(images, labels)
    return Target("lamps", ("dark", "bright"), split, split)


def test_a_border_that_parts_two_classes_is_learnt(target: Target) -> None:
    frame = Frame.of((1, SIDE, SIDE), INNER / SIDE)
    pictures, labels = frame.fitted(target.train.images), target.train.labels
    bare = prompt.without(bright_or_not, pictures, labels, 2, frame)
    assert bare.counts.tolist() == [[10, 10], [0, 0]]
    # both are predicted as the first: the bright ones are a little nearer to the second
    assert bare.mapping.tolist() == [0, 1]
    assert (bare.logits(bright_or_not, pictures).argmax(1) == 0).all()
    learnt = prompt.learn(bright_or_not, pictures, labels, 2, frame, torch.Generator().manual_seed(0))
    assert 7 < float(learnt.pixels.sum()) < 11
    assert float(learnt.pixels[:, 1:3, 1:3].abs().max()) == 0
    assert learnt.counts.tolist() == [[10, 0], [0, 10]]
    assert (learnt.logits(bright_or_not, pictures).argmax(1) == labels).all()


def test_swapped_classes_are_mapped(target: Target) -> None:
    frame = Frame.of((1, SIDE, SIDE), INNER / SIDE)
    swapped = 1 - target.train.labels
    learnt = prompt.learn(
        bright_or_not, frame.fitted(target.train.images), swapped, 2, frame, torch.Generator().manual_seed(0)
    )
    assert learnt.mapping.tolist() == [1, 0]


def test_every_way_of_a_subject(target: Target) -> None:
    frame = Frame.of((1, SIDE, SIDE), INNER / SIDE)
    pictures = frame.fitted(target.train.images)
    features = whole(target.train.images, (1, SIDE, SIDE)).flatten(1)
    subject = Subject(bright_or_not, target, frame, (pictures, pictures), (features, features), 0)
    found = {each.way: each for each in subject.outcomes(target.draw(2, 0, 0), 0)}
    right = {way: float((each.logits.argmax(1) == target.test.labels).double().mean()) for way, each in found.items()}
    assert right == {PROBE: 1.0, PROMPT: 1.0, MAPPING: 0.5}
    more = Subject(bright_or_not, target, frame, None, features=(features, features), seed=0)
    assert [each.way for each in more.outcomes(target.draw(0, 0, 0), 0)] == [PROBE]


@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 2**20))
def test_greedy_takes_the_most_frequent_pair_first(targets: int, more: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 3, (targets + more, targets))
    summed = rng.random((targets + more, targets))
    pairs = sorted(product(range(targets + more), range(targets)), key=lambda p: (-counts[p], -summed[p]))
    expected: dict[int, int] = {}
    for source, label in pairs:
        if label not in expected and source not in expected.values():
            expected[label] = source
    found = greedy(torch.from_numpy(counts), torch.from_numpy(summed)).tolist()
    assert found == [expected[label] for label in range(targets)]


def test_a_tie_goes_to_the_larger_probability() -> None:
    logits = torch.tensor([[2.0, 1.9, 0.0], [2.0, 0.0, 0.0]])
    counts, summed = frequencies(logits, torch.tensor([0, 1]), 2)
    assert counts.tolist() == [[1, 1], [0, 0], [0, 0]]
    torch.testing.assert_close(summed.T, torch.softmax(logits.double(), 1))
    assert greedy(counts, summed).tolist() == [1, 0]


def test_a_class_without_an_image_keeps_its_column() -> None:
    """The public code counts the classes that occur, so that a missing one moves all later columns."""
    counts, _ = frequencies(torch.eye(3), torch.tensor([0, 2, 2]), 3)
    assert counts.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_more_classes_than_the_network_has_cannot_be_mapped() -> None:
    with pytest.raises(ValueError, match="3 classes cannot have one of 2 each"):
        greedy(torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 3))


def test_a_probe_comes_near_to_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    features = (rng.standard_normal((400, 3)) + 0.7 * labels[:, None]).astype(np.float32)
    weight, bias = probe.fit(torch.from_numpy(features), torch.from_numpy(labels), 2)
    ours = torch.softmax(torch.from_numpy(features) @ weight.T + bias, 1)[:, 1].numpy()
    theirs = LogisticRegression(C=1e6).fit(features, labels).predict_proba(features)[:, 1]
    assert np.abs(ours - theirs).max() < 0.02


def test_the_rate_falls_twice() -> None:
    found = list(probe.rates(1.0, 100))
    assert found[49] == 1.0
    assert found[50] == pytest.approx(0.1) == found[71]
    assert found[72] == pytest.approx(0.01)


def test_few_images_a_class_are_drawn(target: Target) -> None:
    rows = target.draw(3, 0, 0)
    assert target.train.labels[rows].tolist() == [0, 0, 0, 1, 1, 1]
    assert len(set(rows.tolist())) == 6
    assert set(target.draw(1, 0, 0).tolist()) < set(rows.tolist())
    assert any(target.draw(3, seed, 1).tolist() != rows.tolist() for seed in (0, 1))
    assert target.draw(0, 0, 0).tolist() == list(range(20))
    with pytest.raises(UserError, match="'lamps' has 10 training images of class 'dark', so that 11 a class"):
        target.draw(11, 0, 0)


def test_channels_and_sizes() -> None:
    grey = torch.full((2, 1, 3, 3), 51, dtype=torch.uint8)
    assert in_channels(grey, 3).shape == (2, 3, 3, 3)
    assert in_channels(grey, 3).unique().tolist() == pytest.approx([0.2])
    colour = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    assert float(in_channels(colour, 1)) == pytest.approx(0.299)
    with pytest.raises(UserError, match="3 channels cannot be shown to a network that takes 2"):
        in_channels(colour, 2)
    assert resized(torch.full((1, 1, 4, 4), 0.3), 7, 5).unique().tolist() == pytest.approx([0.3])
    frame = Frame.of((1, 5, 6), 0.5)
    assert (frame.inner, frame.corner) == ((2, 3), (1, 1))
    placed = frame.placed(frame.fitted(torch.full((1, 1, 9, 9), 255, dtype=torch.uint8)))
    assert torch.equal(placed[0], 1 - frame.border())
