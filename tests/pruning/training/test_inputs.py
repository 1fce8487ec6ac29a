"""What a network is shown: the same to the bit, made once or batch by batch."""

import pytest
import torch
from torch import Tensor, nn

from pruning.data import Dataset, Split, load_data, normalise
from pruning.models import build_model
from pruning.models.modular_nets import ModularMLP, tokens_of
from pruning.training import inputs as module
from pruning.training.augmentation import draw_moves
from pruning.training.inputs import Inputs
from pruning.training.precision import SMALL_NETWORK

CPU = torch.device("cpu")
ROWS = torch.tensor([5, 0, 31, 5])


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_data("digits")


def by_hand(data: Dataset, images: Tensor) -> Tensor:
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (data.mean, data.std))
    return (images.float() / 255 - mean) / std


@pytest.mark.parametrize("most", [0, module.KEPT])
def test_rows(digits: Dataset, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few images are normalised once, more batch by batch, and a batch is the same."""
    monkeypatch.setattr(module, "KEPT", most)
    shown = Inputs(digits, digits.train, nn.Flatten(), CPU, 0)
    assert (shown.ready is None) == (most == 0)
    images, labels = shown.batch(ROWS)
    assert torch.equal(images, by_hand(digits, digits.train.images[ROWS]))
    assert torch.equal(labels, digits.train.labels[ROWS])


def test_layout() -> None:
    """Larger networks get their images channels last, as where they are made batch by batch."""
    images = torch.randint(0, 256, (6, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = Split(images, torch.arange(6))
    data = Dataset("rgb", ("a",), split, split, (0.5, 0.4, 0.3), (0.2, 0.2, 0.1))
    batch, _ = Inputs(data, split, nn.Flatten(), CPU, SMALL_NETWORK).batch(torch.tensor([4, 2]))
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch, by_hand(data, images[[4, 2]]))


def test_moves(digits: Dataset) -> None:
    """Augmentation moves the images before they are normalised, so nothing is made beforehand."""
    moves = draw_moves(len(digits.train.labels), digits.shape, "crop_flip", torch.Generator().manual_seed(1))
    assert moves is not None
    shown = Inputs(digits, digits.train, nn.Flatten(), CPU, 0, moved=True)
    assert shown.ready is None
    moved = moves.apply(digits.train.images[ROWS], ROWS)
    assert torch.equal(shown.batch(ROWS, moves)[0], by_hand(digits, moved))


def test_tokens_are_found_once() -> None:
    """A network of tokens is shown these, and gives the logits of the one-hot rows to the bit."""
    data = load_data("modular:add:7:0.6")
    model = build_model("modular_mlp", 7, data.shape, 0, gives_logits=False)
    shown, _ = Inputs(data, data.train, model, CPU, 0).batch(ROWS % 10)
    rows = normalise(data.train.images[ROWS % 10], data.mean, data.std)
    assert shown.dtype == torch.int64
    assert torch.equal(rows.argmax(3)[:, 0], shown)
    assert torch.equal(model(shown), model(rows))


def test_no_tokens() -> None:
    """Rows that are not one-hot stay rows, also when only one of the last part is not."""
    data = load_data("modular:add:61:0.6")
    images = data.train.images.clone()
    images[-1, 0, 0] = 255
    assert len(images) > module.AT_ONCE
    assert tokens_of(normalise(images[:1], data.mean, data.std)) is not None
    shown = Inputs(data, Split(images, data.train.labels), ModularMLP(8, 4, 61, data.shape), CPU, 0)
    assert torch.equal(shown.batch(ROWS)[0], images[ROWS].float() / 255)
