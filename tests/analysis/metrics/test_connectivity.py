"""Lines between networks, their barriers and distances, against networks whose answer is known."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.metrics import connectivity
from analysis.metrics.connectivity import Line, between
from analysis.statistics.bootstrap import resampled_means
from pruning.data import Dataset, Split, load_data, normalise
from pruning.errors import UserError
from pruning.finders.base import Trainer, make_ticket
from pruning.masks import Masks
from pruning.models import prunable
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.batch_norm import recalibrate
from pruning.training.config import Training
from pruning.training.evaluation import evaluate
from pruning.training.loop import train

CPU = torch.device("cpu")
TRAINING = Training(epochs=1, batch_size=32, lr=0.1, warmup_epochs=0)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Digits, fewer of them."""
    found = load_data("digits")
    return replace(found, train=Split(found.train.images[:400], found.train.labels[:400]))


def trained(data: Dataset, order: int, model: str = "lenet300", kept: float = 0.5) -> Ticket:
    """The same masks and initial weights, trained in one of several data orders."""
    recipe = Recipe(model=model, data="digits", criterion="random", sparsity=1 - kept, training=TRAINING)
    trainer = Trainer(data)
    network = trainer.build(recipe)
    source = torch.Generator().manual_seed(1)
    masks = {name: torch.rand(weight.shape, generator=source) < kept for name, weight in prunable(network).items()}
    return make_ticket(recipe, network, masks, train(network, data, TRAINING, order, masks), trainer, 0.0)


@pytest.fixture(scope="module")
def pair(data: Dataset) -> tuple[Ticket, Ticket]:
    return trained(data, 1), trained(data, 2)


def test_what_lies_between() -> None:
    one = {"w": torch.tensor([0.0, 2.0]), "half": torch.ones(1, dtype=torch.float16), "n": torch.tensor(3)}
    other = {"w": torch.tensor([0.0, -6.0]), "half": torch.zeros(1, dtype=torch.float16), "n": torch.tensor(9)}
    found = between(one, other, 0.25)
    assert found["w"].tolist() == [0.0, 0.0]
    assert found["half"].tolist() == [0.75]
    assert found["n"] == 3
    for alpha, end in ((0.0, one), (1.0, other)):
        assert torch.equal(between(one, other, alpha)["w"], end["w"])


def test_a_line_goes_from_the_one_to_the_other(pair: tuple[Ticket, Ticket], data: Dataset) -> None:
    one, other = pair
    told: list[float] = []
    found = connectivity.line(one, other, data, alphas=5, progress=lambda fraction, text: told.append(fraction))
    assert found.alphas.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert told == [0.2, 0.4, 0.6, 0.8, 1]
    assert found.right.shape == (5, len(data.test.labels))
    for alpha, right, loss, train_accuracy, train_loss in zip(
        found.alphas, found.right, found.loss, found.train_accuracy, found.train_loss, strict=True
    ):
        model = one.model()
        model.load_state_dict({name: torch.lerp(one.state[name], other.state[name], alpha) for name in one.state})
        for split, accuracy, mean in ((data.test, right.mean(), loss), (data.train, train_accuracy, train_loss)):
            logits = model(normalise(split.images, data.mean, data.std)).detach()
            assert accuracy == pytest.approx(float((logits.argmax(1) == split.labels).float().mean()), abs=1e-6)
            assert mean == pytest.approx(float(F.cross_entropy(logits, split.labels)), rel=1e-5)
    assert found.right[0].mean() == pytest.approx(one.info.accuracy)
    assert found.right[-1].mean() == pytest.approx(other.info.accuracy)
    back = connectivity.line(other, one, data, alphas=5)
    np.testing.assert_array_equal(found.right[::-1], back.right)
    frame = found.frame(one.id)
    assert frame["correct"].tolist() == found.right.sum(1).tolist()
    assert set(frame["other"]) == {one.id}


def test_what_both_prune_stays_zero(pair: tuple[Ticket, Ticket]) -> None:
    one, other = pair
    mixed = between(one.state, other.state, 0.3)
    assert all(not mixed[name][~mask].any() for name, mask in one.masks.items())


def test_batch_statistics_are_measured_anew_everywhere(data: Dataset) -> None:
    """What the tickets' own statistics are does not matter, at the ends either."""
    one, other = trained(data, 1, "resnet20"), trained(data, 2, "resnet20")
    found = connectivity.line(one, other, data, alphas=3, seed=4)

    def forgotten(ticket: Ticket) -> Ticket:
        state = {
            name: torch.full_like(value, 7.0) if "running" in name else value for name, value in ticket.state.items()
        }
        return replace(ticket, state=state)

    again = connectivity.line(forgotten(one), forgotten(other), data, alphas=3, seed=4)
    np.testing.assert_array_equal(found.right, again.right)
    model = one.model()
    for place, alpha in enumerate((0.0, 0.5, 1.0)):
        model.load_state_dict(between(one.state, other.state, alpha))
        assert recalibrate(model, data, 4, CPU)
        accuracy, loss = evaluate(model.eval(), data, data.test, CPU, "float32", 0)
        assert found.right[place].mean() == pytest.approx(accuracy)
        assert found.loss[place] == pytest.approx(loss, rel=1e-4)


def mirrored(ticket: Ticket) -> Ticket:
    """The same function: the hidden units of both layers in another order."""
    state, masks = dict(ticket.state), dict(ticket.masks)
    names = [name for name in masks if state[name].ndim == 2]
    source = torch.Generator().manual_seed(0)
    for first, second in pairwise(names):
        order = torch.randperm(len(state[first]), generator=source)
        bias = first.replace("weight", "bias")
        state |= {first: state[first][order], bias: state[bias][order], second: state[second][:, order]}
    full: Masks = {name: torch.ones_like(mask) for name, mask in masks.items()}
    return replace(ticket, state=state, masks=full)


def test_a_network_and_its_mirror_image_have_a_barrier(data: Dataset) -> None:
    """Permuted units compute the same, so that both ends are alike, and the network half way has nothing of either."""
    network = trained(data, 1, kept=1.0)
    found = connectivity.line(network, mirrored(network), data)
    np.testing.assert_array_equal(found.right[0], found.right[-1])
    wall = connectivity.barrier(found.right)
    assert wall.value == pytest.approx(found.right[0].mean() - found.right.mean(1).min())
    assert wall.value > 0.05
    assert 0 < wall.low < wall.value < wall.high


def test_training_images_are_thinned(
    pair: tuple[Ticket, Ticket], data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectivity, "TRAINING_IMAGES", 100)
    seen = []

    def spy(model: object, data: Dataset, split: Split, *rest: object) -> tuple[np.ndarray, float]:
        seen.append(split.labels)
        return np.ones(len(split.labels), dtype=bool), 0.0

    monkeypatch.setattr(connectivity, "_outcomes", spy)
    connectivity.line(*pair, data, alphas=2)
    assert torch.equal(seen[1], data.train.labels[::4])


def test_tickets_that_no_line_joins(pair: tuple[Ticket, Ticket], data: Dataset) -> None:
    one, other = pair
    flipped = {name: mask.clone() for name, mask in other.masks.items()}
    flipped["fc1.weight" if "fc1.weight" in flipped else next(iter(flipped))].view(-1)[0] ^= True
    with pytest.raises(UserError, match="keep different weights"):
        connectivity.line(one, replace(other, masks=flipped), data)
    with pytest.raises(UserError, match="keep different weights"):
        connectivity.line(one, replace(other, masks=dict(list(other.masks.items())[1:])), data)
    with pytest.raises(UserError, match="different networks"):
        connectivity.line(one, trained(data, 1, "resnet20"), data)


def test_distance_by_hand() -> None:
    masks = {"a": torch.tensor([[True, False], [True, True]]), "b": torch.tensor([False])}
    one: dict[str, Tensor] = {"a": torch.tensor([[3.0, 9.0], [0.0, 1.0]]), "b": torch.ones(1), "bias": torch.ones(3)}
    other: dict[str, Tensor] = {
        "a": torch.tensor([[1.0, 5.0], [2.0, 2.0]]),
        "b": torch.zeros(1),
        "bias": torch.zeros(3),
    }
    assert connectivity.distance(one, other, masks) == (3.0, 1.0)  # sqrt(4 + 4 + 1), and the norm of (1, 2, 2)
    assert connectivity.distance(one, one, masks)[0] == 0
    nothing = {name: torch.zeros_like(mask) for name, mask in masks.items()}
    l2, relative = connectivity.distance(one, other, nothing)
    assert l2 == 0
    assert math.isnan(relative)


def rows(accuracies: list[float], images: int = 100) -> np.ndarray:
    return np.array([np.arange(images) < round(accuracy * images) for accuracy in accuracies])


@pytest.mark.parametrize(
    ("accuracies", "barrier"),
    [([0.9, 0.5, 0.8], 0.35), ([0.9, 0.95, 0.9], 0.0), ([0.9, 0.9, 0.8], 0.05), ([1.0, 0.0, 1.0], 1.0)],
)
def test_barriers_by_hand(accuracies: list[float], barrier: float) -> None:
    """Of a line that only falls, half the fall: its worse end is above the mean of both."""
    found = connectivity.barrier(rows(accuracies))
    assert found.value == pytest.approx(barrier)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_same_network_everywhere_has_no_barrier() -> None:
    found = connectivity.barrier(np.tile(np.random.default_rng(0).random(200) < 0.9, (11, 1)))
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_the_interval_covers_a_barrier_as_often_as_it_says() -> None:
    """Where there is none at all too, where resampling the maximum by itself would see one nearly always."""
    source = np.random.default_rng(1)
    for truth in (np.full(7, 0.95), np.array([0.95, 0.9, 0.85, 0.8, 0.85, 0.9, 0.95])):
        covered = naive = 0
        for _ in range(60):
            right = source.random((7, 300)) < truth[:, None]
            found = connectivity.barrier(right, resamples=400)
            covered += found.low <= 0.95 - truth.min() <= found.high
            means = resampled_means(right.astype(float), 400, 0)
            naive += np.quantile(((means[0] + means[-1]) / 2 - means).max(axis=0), 0.025) <= 0.95 - truth.min()
        assert covered >= 54  # 95 % of 60, and two standard deviations
        assert truth.min() < 0.9 or naive < 54


def test_a_frame_has_the_columns_of_its_table() -> None:
    from analysis.results.tables import TABLES, to_arrow

    point = np.array([0.5, 0.5])
    frame = Line(np.array([0.0, 1.0]), rows([0.5, 0.6]), point, point, point).frame("x")
    assert to_arrow(TABLES["lines"], "y", frame).schema.names == list(TABLES["lines"].all_columns)
