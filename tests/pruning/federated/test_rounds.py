"""Rounds: what clients do, who takes part, what is noted; each against a loop written out."""

import math
from multiprocessing import active_children
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.execution import local_executor
from pruning.federated import traffic
from pruning.federated.clients import clients_on
from pruning.federated.local import Job, accuracy_by_class, buffers_of, learn, on_mixture, own_images
from pruning.federated.rounds import Federation, Plan
from pruning.federated.splits import shared_out
from pruning.federated.ways import FedAvg, FedPM, Held, Signs, Way, filled
from pruning.masks import Masks, make_masks
from pruning.models import build_model, prunable
from pruning.training.config import Training
from pruning.training.seeds import generator

CPU = torch.device("cpu")
DATA = load_data("digits")
SGD = Training(batch_size=16, lr=0.05, momentum=0.9, weight_decay=0, warmup_epochs=0, schedule="constant")
ADAM = SGD.but(optimizer="adamw", lr=0.01)


def start(sparsity: float = 0.8) -> tuple[nn.Module, Masks]:
    """A network and a mask by magnitude, its pruned weights at zero."""
    network = build_model("lenet300", 10, DATA.shape, 0)
    masks = make_masks({name: weight.abs() for name, weight in prunable(network).items()}, sparsity)
    with torch.no_grad():
        for name, mask in masks.items():
            network.get_parameter(name).mul_(mask)
    return network, masks


def federation(kind: type[Way] = Signs, clients: int = 4, split: str = "dirichlet:0.5", **options: Any) -> Federation:
    """Clients that share digits."""
    network, masks = start()
    if kind is FedPM:
        masks, options = {name: torch.ones_like(mask) for name, mask in masks.items()}, {"sparsity": 0.8, **options}
    rows = list(shared_out(DATA, split, clients, 0).values())
    return Federation(kind(network, masks, 0, **options), DATA, rows, SGD if kind is FedAvg else ADAM, CPU)


def _kill(fraction: float, text: str) -> None:
    for worker in active_children():
        worker.kill()


def test_clients_learn_the_same_side_by_side() -> None:
    """Whatever is learnt, in two other processes as in this one; and what clients are given stays as it was."""
    plan = Plan(2, 3, dropouts=0.3, stragglers=0.5)
    kinds = (FedAvg, Signs, FedPM)
    here, there = [federation(kind) for kind in kinds], [federation(kind) for kind in kinds]
    told: list[float] = []
    with local_executor(2) as executor, clients_on(executor):
        for one in there:
            held, before = one.held, {name: value.clone() for name, value in one.held.learnt.items()}
            one.run(plan, lambda fraction, text: told.append(fraction))
            assert all(torch.equal(value, held.learnt[name]) for name, value in before.items())
        with pytest.raises(UserError, match=r"A worker process was killed.* at work on client"):
            federation().run(Plan(9, 3), _kill)
    for one, other in zip(here, there, strict=True):
        one.run(plan)
        assert repr(one.record()) == repr(other.record())
        assert one.history == other.history
        for name, value in one.network().state_dict().items():
            assert torch.equal(value, other.network().state_dict()[name])
    assert told[: len(told) // 3] == sorted(told[: len(told) // 3])
    assert told[-1] == 1


def test_a_fedavg_client_is_plain_momentum_on_its_own_images() -> None:
    made = federation(FedAvg)
    own = own_images(DATA, made.rows[1])
    update = learn(Job(made.way, made.held, {}, own, SGD, 11, 5, CPU))
    network, masks = start()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    count = len(own.train.labels)
    batches = [
        rows for epoch in range(5)
        for rows in torch.randperm(count, generator=generator(11, "order", epoch)).split(16)
    ]  # fmt: skip
    for rows in batches[:5]:
        images = normalise(own.train.images[rows], DATA.mean, DATA.std)
        optimizer.zero_grad()
        F.cross_entropy(network(images), own.train.labels[rows]).backward()
        for name, mask in masks.items():
            gradient = network.get_parameter(name).grad
            assert gradient is not None
            gradient.mul_(mask)
        optimizer.step()
    for name, value in network.named_parameters():
        torch.testing.assert_close(update.learnt[name], value.detach(), rtol=1e-4, atol=1e-6)


def test_the_server_is_a_loop_over_its_clients() -> None:
    """Two clients' votes by hand: the sign of the sum over images, and their averages for FedAvg."""
    for kind in (Signs, FedAvg):
        made = federation(kind, clients=2)
        jobs = [Job(made.way, made.held, {}, own_images(DATA, rows), made.training, seed, 3, CPU)
                for seed, rows in ((5, made.rows[0]), (6, made.rows[1]))]  # fmt: skip
        sent = [learn(job).learnt for job in jobs]
        images = made.images
        served = made.way.served(made.way.merged(sent, images, 1))
        for name, mask in made.way.masks.items():
            sizes = made.way.network.get_parameter(name).detach().abs()
            for place in mask.nonzero()[:50].tolist():
                at = tuple(place)
                values = [float(learnt[name][at]) for learnt in sent]
                total = values[0] * images[0] + values[1] * images[1]
                expected = math.copysign(float(sizes[at]), total) if kind is Signs else total / sum(images)
                assert float(served[name][at]) == pytest.approx(expected, rel=1e-5)
            assert not served[name][~mask].any()


def test_even_votes_are_counted_and_decided_once() -> None:
    network, masks = start()
    way = Signs(network, masks, seed=4)
    ones = {name: mask.to(torch.int8) for name, mask in masks.items()}
    held = way.merged([ones, {name: -one for name, one in ones.items()}], [5, 5], turn=2)
    kept = sum(int(mask.sum()) for mask in masks.values())
    assert way.even(held) == kept
    served = way.served(held)
    assert all(torch.equal(value, way.served(held)[name]) for name, value in served.items())
    signs = torch.cat([served[name][mask].sign() for name, mask in masks.items()])
    assert set(signs.tolist()) == {-1.0, 1.0}  # no weight is lost to a zero
    assert way.even(way.merged([ones, {name: -one for name, one in ones.items()}], [5, 6], turn=2)) == 0


@pytest.mark.parametrize(("kind", "options"), [(Signs, {}), (Signs, {"signs_down": True}), (FedAvg, {}), (FedPM, {})])
def test_bits_are_counted_by_hand(kind: type[Way], options: dict[str, Any]) -> None:
    made = federation(kind, clients=3, **options)
    made.run(Plan(rounds=2, steps=1))
    noted = made.record()
    images, kept = sum(made.images), 50_200 if kind is FedPM else 10_040
    mask = 0 if kind is FedPM else 50_200
    up = 32 * (10_040 + 410) if kind is FedAvg else kept
    down = up if kind is FedAvg or options else kept * images.bit_length() + 32
    assert noted["rounds/bits_up"] == [0.0, 3.0 * (up + 32), 3.0 * up]
    assert noted["rounds/bits_down"] == [0.0, 3.0 * (32 + mask), 3.0 * down]
    bill = [noted[f"bill/{name}"] for name in ("joining_up", "joining_down", "up", "down")]
    assert bill == [[32.0], [32.0 + mask], [float(up)], [float(down)]]


def test_participation_dropouts_and_stragglers() -> None:
    plan = Plan(rounds=30, steps=40, participation=0.3, dropouts=0.25, stragglers=0.5, seed=1)
    assert {len(plan.taking_part(turn, 10)) for turn in range(30)} == {3}
    assert {client for turn in range(30) for client in plan.taking_part(turn, 10)} == set(range(10))
    fates = [plan.fate(turn, client) for turn in range(200) for client in range(10)]
    arrived = sum(arrives for arrives, _ in fates) / len(fates)
    assert arrived == pytest.approx(0.75, abs=0.03)
    late = [steps for _, steps in fates if steps < 40]
    assert len(late) / len(fates) == pytest.approx(0.5 * 39 / 40, abs=0.04)
    assert min(late) >= 1
    assert sum(late) / len(late) == pytest.approx(20, abs=1.5)
    assert Plan(rounds=1, steps=5, participation=0.01).taking_part(1, 10)


def test_who_is_lost_sends_nothing_and_a_round_without_any_changes_nothing() -> None:
    made = federation(clients=3)
    before = {name: value.clone() for name, value in made.way.served(made.held).items()}
    made.run(Plan(rounds=2, steps=1, dropouts=0.999999999))
    noted = made.record()
    assert noted["rounds/sent"] == [0.0, 0.0, 0.0]
    assert noted["rounds/participants"] == [0.0, 3.0, 3.0]
    assert noted["rounds/bits_up"] == [0.0, 3.0 * 32, 0.0]
    assert all(math.isnan(each) for each in noted["clients/personal"])
    assert all(torch.equal(value, made.way.served(made.held)[name]) for name, value in before.items())


def test_personal_accuracy_is_that_of_the_own_mixture() -> None:
    network, _ = start()
    by_class = accuracy_by_class(network, DATA, SGD, CPU)
    with torch.inference_mode():
        right = network(normalise(DATA.test.images, DATA.mean, DATA.std)).argmax(1) == DATA.test.labels
    for label in range(10):
        assert float(by_class[label]) == pytest.approx(float(right[DATA.test.labels == label].double().mean()))
    counts = torch.tensor([3, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    assert on_mixture(by_class, counts) == pytest.approx((3 * float(by_class[0]) + float(by_class[2])) / 4)
    assert on_mixture(torch.tensor([0.5, math.nan]).double(), torch.tensor([2, 2])) == 0.5
    assert math.isnan(on_mixture(torch.tensor([math.nan, 0.1]).double(), torch.tensor([2, 0])))


def test_a_client_of_one_image_learns_in_batches_of_one() -> None:
    made = federation(FedAvg)
    update = learn(Job(made.way, made.held, {}, own_images(DATA, torch.tensor([5])), SGD, 0, 3, CPU))
    assert math.isfinite(update.loss)


def test_statistics_of_batch_norm_are_averaged_and_counted() -> None:
    network = build_model("resnet20", 10, DATA.shape, 0)
    masks = make_masks({name: weight.abs() for name, weight in prunable(network).items()}, 0.5)
    rows = list(shared_out(DATA, "iid", 2, 0).values())
    made = Federation(Signs(network, masks, 0), DATA, rows, ADAM, CPU)
    buffers = sum(value.numel() for value in buffers_of(network).values())
    made.run(Plan(rounds=1, steps=1))
    kept = sum(int(mask.sum()) for mask in masks.values())
    assert made.record()["rounds/bits_up"][1] == 2 * (kept + 32 * buffers + 32)
    assert any(bool((made.buffers[name] != value).any()) for name, value in buffers_of(network).items())


def test_a_drawn_mask_keeps_by_its_probability() -> None:
    made = federation(FedPM)
    assert isinstance(made.way, FedPM)
    votes = {name: torch.full(mask.shape, 0.3) for name, mask in made.way.masks.items()}
    held = Held(votes)
    sent = made.way.sent(made.way.learner(held, generator(0)), generator(1))
    share = torch.cat([mask.flatten() for mask in sent.values()]).double().mean()
    assert float(share) == pytest.approx(0.3, abs=4 * (0.21 / 50_200) ** 0.5)
    assert sum(int(mask.sum()) for mask in made.way.found(held).values()) == 10_040
    assert traffic.bits(made.sizes) == 50_200
    network = filled(start()[0], made.way.weights(sent))
    assert all(not network.get_parameter(name)[~mask].any() for name, mask in sent.items())
