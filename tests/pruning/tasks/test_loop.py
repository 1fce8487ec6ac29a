"""The training loop with tasks other than classification: phases, noise, milestones, an early end."""

import copy
import math
from collections.abc import Iterable
from itertools import pairwise
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from pruning.data import Dataset, Split, load_data, normalise
from pruning.errors import UserError
from pruning.masks import Masks
from pruning.tasks import TASKS, Batch, Draws, Lost, Phase, Score, Task, get_task
from pruning.training.config import Training
from pruning.training.loop import Hook, train
from pruning.training.seeds import generator


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(64, 3), nn.Linear(64, 3)

    def forward(self, images: Tensor) -> Tensor:
        """Give the sum of both parts."""
        found: Tensor = self.one(images.flatten(1)) + self.two(images.flatten(1))
        return found


class Duel(Task):
    """Two parts with losses against one another, and noise: a GAN in small."""

    name = "duel"
    label = "Duel"
    score = Score("distance", higher=False)
    phases: ClassVar[tuple[Phase, ...]] = (Phase("first", ("one",)), Phase("second", ("two",)))

    def loss(self, phase: Phase, model: nn.Module, batch: Batch, draws: Draws, smoothing: float = 0.0) -> Lost:
        """Give one part's loss against the other's output."""
        assert isinstance(model, Pair)
        images = batch[0].flatten(1)
        noise = torch.randn(images.shape, generator=draws(phase.name))
        one, two = model.one(images + noise), model.two(images - noise)
        return Lost((one - two.detach()).square().mean() if phase.name == "first" else (one.detach() * two).mean())

    def evaluate(self, model: nn.Module, data: Dataset, batches: Iterable[Batch], draws: Draws) -> tuple[float, float]:
        """Give the distance of the outputs."""
        assert isinstance(model, Pair)
        found = torch.cat([model.one(x.flatten(1)) - model.two(x.flatten(1)) for x, _ in batches])
        return float(found.square().mean()), 0.0

    def observe(self, model: nn.Module) -> dict[str, list[float]]:
        """Note two numbers at each look."""
        assert isinstance(model, Pair)
        return {"norms/l2": [float(part.weight.detach().norm()) for part in (model.one, model.two)]}


def pair() -> Pair:
    torch.manual_seed(0)
    return Pair()


@pytest.fixture(scope="module")
def digits() -> Dataset:
    data = load_data("digits")
    return Dataset("few", data.classes, Split(data.train.images[:40], data.train.labels[:40]),
                   Split(data.test.images[:50], data.test.labels[:50]), data.mean, data.std)  # fmt: skip


CONFIG = Training(epochs=4, batch_size=16, optimizer="adamw", lr=0.01, betas=(0.5, 0.9), warmup_epochs=0,
                  schedule="constant", weight_decay=0.1, augment="none")  # fmt: skip


def by_hand(model: Pair, data: Dataset, start: int, end: int, masks: Masks) -> None:
    """Alternate the two optimisers over batches of three an epoch."""
    decay = [{"params": [part.weight], "weight_decay": 0.1} for part in (model.one, model.two)]
    plain = [{"params": [part.bias], "weight_decay": 0.0} for part in (model.one, model.two)]
    optimizers = [torch.optim.AdamW(list(both), lr=0.01, betas=(0.5, 0.9)) for both in zip(decay, plain, strict=True)]
    for step in range(start, end):
        order = torch.randperm(40, generator=generator(0, "order", step // 3))
        rows = order[16 * (step % 3) : 16 * (step % 3) + 16]
        batch = normalise(data.train.images[rows], data.mean, data.std), data.train.labels[rows]
        for phase, optimizer in zip(Duel.phases, optimizers, strict=True):
            lost = Duel().loss(phase, model, batch, lambda *purpose, step=step: generator(0, "task", step, *purpose))
            optimizer.zero_grad()
            lost.value.backward()
            for name, mask in masks.items():
                gradient = model.get_parameter(name).grad
                if gradient is not None:
                    gradient.mul_(mask)
            optimizer.step()


@pytest.mark.parametrize("start", [0, 5])
def test_phases_alternate_as_by_hand_also_when_rewound(digits: Dataset, start: int) -> None:
    ours, theirs = pair(), pair()
    masks = {name: torch.rand(3, 64, generator=generator(1, name)) > 0.5 for name in ("one.weight", "two.weight")}
    for name, mask in masks.items():
        theirs.get_parameter(name).data.mul_(mask)
    trained = train(ours, digits, CONFIG, seed=0, masks=masks, start=start, task=Duel())
    by_hand(theirs, digits, start, 12, masks)
    for name, value in theirs.state_dict().items():
        assert torch.allclose(ours.state_dict()[name], value, atol=1e-6), name
        assert not bool(ours.state_dict()[name][~masks[name]].any()) if name in masks else True
    assert math.isnan(trained.history[-1].train_accuracy)  # nothing counts as right


def test_a_phase_trains_its_own_part_alone(digits: Dataset) -> None:
    class Half(Duel):
        phases = (Phase("first", ("one",)),)

    model, before = pair(), pair().state_dict()
    train(model, digits, CONFIG, seed=0, task=Half())
    after = model.state_dict()
    assert torch.equal(after["two.weight"], before["two.weight"])
    assert not torch.equal(after["one.weight"], before["one.weight"])


def test_masks_that_grow_need_one_phase(digits: Dataset) -> None:
    class Grows(Hook):
        def gradients(self, step: int) -> Masks | None:
            return {}

    with pytest.raises(UserError, match="the task 'duel' has 2"):
        train(pair(), digits, CONFIG, seed=0, task=Duel(), hook=Grows())


def test_looks_lie_ever_farther_apart_and_leave_the_network_alone(digits: Dataset) -> None:
    config = CONFIG.but(epochs=20, batch_size=40, log_every=2)
    quiet = type("Quiet", (Duel,), {"observe": Task.observe})()
    ours, theirs = pair(), copy.deepcopy(pair())
    trained = train(ours, digits, config, seed=0, task=Duel())
    train(theirs, digits, config, seed=0, task=quiet)
    assert torch.equal(ours.one.weight, theirs.one.weight)
    assert [point.epoch for point in trained.history] == [*range(2, 21, 2)]
    seen = trained.record["observed/iteration"]
    assert seen[0] == 0
    assert seen[-1] == 20
    assert all(after >= 1.15 * before for before, after in pairwise(seen[1:-1]))
    assert len(trained.record["norms/l2"]) == 2 * len(seen)
    assert trained.record["norms/l2"][-2:] == Duel().observe(ours)["norms/l2"]


def test_training_ends_when_its_condition_holds_and_milestones_are_noted(digits: Dataset) -> None:
    class Classes(type(get_task(None))):  # type: ignore[misc]
        milestones: ClassVar[dict[str, str]] = {"t_half": "test accuracy > 0.5", "t_perfect": "test accuracy > 1"}

    config = Training(epochs=30, batch_size=40, lr=0.5, warmup_epochs=0, schedule="constant", augment="none")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    whole = train(copy.deepcopy(model), digits, config, seed=0, task=Classes())
    ended = train(model, digits, config.but(until="test accuracy > 0.5 for 2 points"), seed=0, task=Classes())
    scores = [point.test_accuracy for point in whole.history]
    first = next(place for place, score in enumerate(scores) if score > 0.5)
    assert whole.record["milestones/t_half"] == [first + 1]
    assert math.isnan(whole.record["milestones/t_perfect"][0])
    assert whole.record["milestones/resolution"] == [1]
    last = next(place for place in range(1, 30) if min(scores[place - 1 : place + 1]) > 0.5)
    assert [point.test_accuracy for point in ended.history] == scores[: last + 1]


def test_points_of_the_curve_may_lie_epochs_apart_and_change_no_weight(digits: Dataset) -> None:
    found = {}
    for every in (None, 3.0, 100.0):
        model = pair()
        history = train(model, digits, CONFIG.but(log_every=every), seed=0, task=Duel()).history
        found[every] = [point.epoch for point in history], model.one.weight
    assert [epochs for epochs, _ in found.values()] == [[1, 2, 3, 4], [3, 4], [4]]
    assert torch.equal(found[None][1], found[100.0][1])


def test_a_task_of_the_users_own_is_a_file(tmp_path: object) -> None:
    file = f"{tmp_path}/own.py"
    text = "from pruning.tasks.classification import Classification\nclass Own(Classification):\n    name = 'own'\n"
    with open(file, "w", encoding="utf-8") as stream:
        stream.write(text + "def number():\n    return 3\n")
    assert get_task(f"{file}:Own").name == "own"
    with pytest.raises(UserError, match=r"gives a int, not a pruning\.tasks\.Task"):
        get_task(f"{file}:number")
    with pytest.raises(UserError, match="names no function"):
        get_task(file)
    with pytest.raises(UserError, match="Did you mean 'classification'"):
        get_task("clasification")
    assert "own" not in TASKS
