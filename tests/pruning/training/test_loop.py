"""Training: masks hold exactly, runs repeat to the bit, the schedule and the optimiser do what they say."""

import math
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from pruning import Training, UserError
from pruning.data import Dataset, Split, load_data, normalise
from pruning.masks import Masks, make_masks
from pruning.models import build_model, prunable
from pruning.training.evaluation import evaluation_batch
from pruning.training.loop import Hook, learning_rate, make_optimizer, train
from pruning.training.seeds import derived_seed, generator


@pytest.fixture(scope="module")
def data() -> Dataset:
    whole = load_data("digits")
    return Dataset(
        whole.name,
        whole.classes,
        Split(whole.train.images[:300], whole.train.labels[:300]),
        Split(whole.test.images[:100], whole.test.labels[:100]),
        whole.mean,
        whole.std,
    )


def some_masks(model: nn.Module, sparsity: float = 0.8) -> Masks:
    weights = prunable(model)
    return make_masks(
        {name: torch.rand(w.shape, generator=generator(1, name)) for name, w in weights.items()}, sparsity
    )


def network(name: str = "lenet300", shape: tuple[int, int, int] = (1, 8, 8)) -> nn.Module:
    return build_model(name, 10, shape, seed=0)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("augment", ["none", "crop_flip"])
def test_no_pruned_weight_ever_leaves_zero(optimizer: Any, augment: Any, data: Dataset) -> None:
    model = network()
    masks = some_masks(model)
    weights = prunable(model)
    left_zero: list[str] = []

    def look(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if module.training:  # before every single forward pass of training
            left_zero.extend(name for name, mask in masks.items() if bool((weights[name][~mask] != 0).any()))

    model.register_forward_pre_hook(look)
    config = Training(epochs=2, batch_size=32, optimizer=optimizer, lr=0.01, augment=augment)
    train(model, data, config, seed=0, masks=masks)
    assert not left_zero
    for name, mask in masks.items():
        assert bool((weights[name][~mask] == 0).all())
        assert bool((weights[name][mask] != 0).any())


def test_masked_training_is_training_without_those_weights(data: Dataset) -> None:
    """Against a plain loop in which the pruned weights do not exist: the weight is mask * free parameter."""
    config = Training(epochs=1, batch_size=50, lr=0.1, warmup_epochs=0, schedule="constant", weight_decay=0.01)
    masked, masks = network(), some_masks(network())
    train(masked, data, config, seed=3, masks=masks)

    reference = network()
    free = {name: p.detach().clone().requires_grad_() for name, p in reference.named_parameters()}
    speed = {name: torch.zeros_like(p) for name, p in free.items()}
    order = torch.randperm(300, generator=generator(3, "order", 0))
    for rows in order.split(50):
        used = {name: p * masks[name] if name in masks else p for name, p in free.items()}
        images = normalise(data.train.images[rows], data.mean, data.std)
        loss = F.cross_entropy(torch.func.functional_call(reference, used, (images,)), data.train.labels[rows])
        gradients = torch.autograd.grad(loss, list(free.values()))
        with torch.no_grad():
            for (name, p), gradient in zip(free.items(), gradients, strict=True):
                decay = 0.01 * p if p.ndim > 1 else 0.0
                speed[name] = 0.9 * speed[name] + gradient + decay
                p -= 0.1 * speed[name]
    for name, p in masked.named_parameters():
        expected = free[name] * masks[name] if name in masks else free[name]
        torch.testing.assert_close(p, expected, rtol=1e-4, atol=1e-6)


def test_a_repeated_run_is_the_same_to_the_bit(data: Dataset) -> None:
    states = []
    for threads in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        torch.manual_seed(threads)  # the global generator has no say
        model = network()
        train(model, data, Training(epochs=1, augment="crop"), seed=5)
        states.append(model.state_dict())
        torch.set_num_threads(before)
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


def test_stopping_and_going_on_is_one_run_without_momentum(data: Dataset) -> None:
    """Iteration i sees the same batch and rate whether the run began before it or at it; what rewinding rests on."""
    config = Training(epochs=2, batch_size=32, momentum=0.0, lr=0.05, augment="crop_flip")
    whole, parts = network(), network()
    train(whole, data, config, seed=2)
    train(parts, data, config, seed=2, stop=7)
    train(parts, data, config, seed=2, start=7)
    for (name, a), b in zip(whole.state_dict().items(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def dropping() -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.ReLU(), nn.Dropout(0.5), nn.Linear(20, 10))


def test_dropout_depends_on_seed_and_iteration_alone(data: Dataset) -> None:
    config = Training(epochs=2, batch_size=50, warmup_epochs=0)
    states = []
    for chance in (1, 2):
        model = dropping()
        torch.manual_seed(chance)
        before = torch.get_rng_state()
        train(model, data, config, seed=5)
        assert torch.equal(torch.get_rng_state(), before)  # the caller's is where it was
        states.append(model.state_dict())
    other = dropping()
    train(other, data, config, seed=6)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(other.state_dict()["1.weight"], states[0]["1.weight"])


def test_dropout_goes_on_where_training_stopped(data: Dataset) -> None:
    config = Training(epochs=2, batch_size=50, warmup_epochs=0, schedule="constant", momentum=0.0)
    whole, parts = dropping(), dropping()
    train(whole, data, config, seed=0)
    train(parts, data, config, seed=0, stop=5)
    torch.rand(3)
    train(parts, data, config, seed=0, start=5)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name])


def test_training_learns(data: Dataset) -> None:
    trained = train(network(), data, Training(epochs=10, batch_size=32, lr=0.1), seed=0)
    assert trained.accuracy > 0.8
    assert [row.epoch for row in trained.history] == list(range(1, 11))
    assert trained.history[-1].loss < 0.3 * trained.history[0].loss


@settings(deadline=None)
@given(epochs=st.integers(1, 20), warm=st.integers(0, 5), per_epoch=st.integers(1, 50))
def test_learning_rate(epochs: int, warm: int, per_epoch: int) -> None:
    config = Training(epochs=epochs, warmup_epochs=min(warm, epochs), lr=0.3)
    rates = [learning_rate(step, per_epoch, config) for step in range(epochs * per_epoch)]
    peak = round(config.warmup_epochs * per_epoch)
    assert all(0 < rate <= 0.3 + 1e-12 for rate in rates)
    assert all(a < b for a, b in pairwise(rates[:peak]))
    assert all(a >= b for a, b in pairwise(rates[peak:]))
    length = epochs * per_epoch - peak
    if length > 0:  # half-way down the cosine the rate is half
        middle = peak + length // 2
        assert rates[middle] == pytest.approx(0.15 * (1 + math.cos(math.pi * (middle - peak) / length)), rel=1e-6)


def test_the_rate_stays_zero_behind_the_end() -> None:
    assert [learning_rate(step, 10, Training(epochs=2, warmup_epochs=0)) for step in (20, 25, 40)] == [0.0] * 3


def test_training_cannot_go_on_where_it_has_ended(data: Dataset) -> None:
    config = Training(epochs=2, batch_size=100)
    with pytest.raises(UserError, match="go on from iteration 6 and has 6 in all"):
        train(network(), data, config, seed=0, start=6)
    assert train(network(), data, config, seed=0, start=5).history


def test_biases_and_normalisation_are_not_decayed() -> None:
    model = build_model("resnet20", 10, (3, 32, 32), seed=0)
    decayed, others = make_optimizer(model, Training(weight_decay=0.1)).param_groups
    assert decayed["weight_decay"] == 0.1
    assert others["weight_decay"] == 0
    assert {id(p) for p in decayed["params"]} == {id(p) for p in prunable(model).values()}
    assert len(decayed["params"]) + len(others["params"]) == len(list(model.parameters()))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_loss_that_is_not_finite_is_one_sentence(optimizer: Any, data: Dataset) -> None:
    config = Training(epochs=3, lr=1e20, optimizer=optimizer, warmup_epochs=0)
    with pytest.raises(UserError, match="training loss is not finite by iteration"):
        train(network(), data, config, seed=0)


def test_seeds_for_different_purposes_differ() -> None:
    seeds = {derived_seed(*parts) for parts in product(range(20), ("order", "augment"), range(20))}
    assert len(seeds) == 800
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_last_batch_of_one_image_is_no_trouble_for_batch_norm() -> None:
    images = torch.randint(0, 256, (33, 1, 4, 4), dtype=torch.uint8, generator=generator(0))
    split = Split(images, torch.arange(33) % 10)
    data = Dataset("x", tuple("abcdefghij"), split, split, (0.5,), (0.5,))
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.Linear(8, 10))
    trained = train(model, data, Training(epochs=1, batch_size=32, lr=0.01), seed=0)
    assert math.isfinite(trained.history[0].loss)


@pytest.mark.parametrize("start", [0, 7])
def test_batches_of_one_image_are_trained_on_by_gradients_of_one_image(start: int, data: Dataset) -> None:
    few = replace(data, train=Split(data.train.images[:8], data.train.labels[:8]))
    config = Training(epochs=2, batch_size=1, lr=0.01, momentum=0, weight_decay=0, warmup_epochs=0, schedule="constant")
    trained = train(model := network(), few, config, seed=3, start=start)
    assert not any(math.isnan(point.loss) for point in trained.history)

    twin = network()
    inputs = (few.train.images.float() / 255 - few.mean[0]) / few.std[0]
    for step in range(start, 16):
        [row] = torch.randperm(8, generator=generator(3, "order", step // 8))[step % 8].reshape(1).tolist()
        loss = F.cross_entropy(twin(inputs[row : row + 1]), few.train.labels[row : row + 1])
        slopes = torch.autograd.grad(loss, [*twin.parameters()])
        with torch.no_grad():
            for parameter, slope in zip(twin.parameters(), slopes, strict=True):
                parameter.sub_(0.01 * slope)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, twin.state_dict()[name])


def test_batches_of_one_image_are_none_for_batch_norm(data: Dataset) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Linear(8, 10))
    config = Training(epochs=1, batch_size=1, lr=0.01)
    with pytest.raises(UserError, match=r"has batch norms, .* give it a `batch_size` of 2 or more"):
        train(model, data, config, seed=0, stop=3)
    train(model, data, config.but(epochs=0), seed=0)

    class Frozen(nn.BatchNorm1d):
        def train(self, mode: bool = True) -> "Frozen":
            return super().train(False)

    train(nn.Sequential(nn.Flatten(), nn.Linear(64, 10), Frozen(10)), data, config, seed=0, stop=3)


def test_a_hook_hears_of_the_iteration_that_is_passed_over(data: Dataset) -> None:
    part = replace(data, train=Split(data.train.images[:65], data.train.labels[:65]))
    heard: list[int] = []

    class Listening(Hook):
        def after(self, step: int) -> bool:
            heard.append(step)
            return step == 5  # the last of the second epoch, of one image

    trained = train(network(), part, Training(epochs=4, batch_size=32), seed=0, hook=Listening())
    assert heard == list(range(6))
    assert [point.epoch for point in trained.history] == [1.0, 2.0]


def test_a_point_of_the_curve_without_a_single_batch(data: Dataset) -> None:
    """The last image of an epoch is passed over when it is alone in its batch; the curve may have a point there."""
    few = Dataset(data.name, data.classes, Split(*(part[:129] for part in (data.train.images, data.train.labels))),
                  data.test, data.mean, data.std)  # fmt: skip
    history = train(network(), few, Training(epochs=2, batch_size=32, log_every=0.2), seed=0).history
    assert [math.isnan(point.loss) for point in history] == [False] * 4 + [True] + [False] * 4 + [True]
    assert not any(math.isnan(point.test_accuracy) for point in history)


@pytest.mark.parametrize(("side", "expected"), [(8, 1000), (32, 1000), (64, 1000), (128, 250), (224, 81), (5000, 1)])
def test_large_images_are_evaluated_few_at_a_time(side: int, expected: int) -> None:
    assert evaluation_batch((3, side, side)) == expected
