"""The task of modular arithmetic: losses by hand, and what it notes of a network on its way."""

import math

import pytest
import torch
from torch import Tensor, nn

from pruning.data import load_data, normalise
from pruning.models import build_model
from pruning.tasks import get_task
from pruning.tasks.modular import Modular
from pruning.tasks.spectrum import spectrum

MODULAR = Modular()


class Fixed(nn.Module):
    """Gives the logits that it is told."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, x: Tensor) -> Tensor:
        """Images to logits."""
        return self.logits[: len(x)]


def draws(*purpose: object) -> torch.Generator:
    """No chance is asked for."""
    raise AssertionError(purpose)


def test_it_has_a_name() -> None:
    assert type(get_task("modular")) is Modular


def batch(labels: list[int]) -> tuple[Tensor, Tensor]:
    """Images that nobody looks at, and labels."""
    return torch.zeros(len(labels), 1, 2, 3), torch.tensor(labels)


def test_the_loss_by_hand() -> None:
    model = Fixed(torch.tensor([[0.0, math.log(2), 0.0], [math.log(6), 0.0, 0.0]]))
    lost = MODULAR.loss(MODULAR.phases[0], model, batch([1, 2]), draws)
    assert float(lost.value.detach()) == pytest.approx((math.log(2) + math.log(8)) / 2)
    assert lost.right == torch.tensor(1)
    assert float(MODULAR.summed_loss(model, batch([1, 2]), draws).detach()) == pytest.approx(math.log(16))
    score, loss = MODULAR.evaluate(model, load_data("modular:add:3:0.5"), [batch([1, 2]), batch([1])], draws)
    assert score == pytest.approx(2 / 3)
    assert loss == pytest.approx((2 * math.log(2) + math.log(8)) / 3)


def test_the_loss_of_what_is_known_by_heart_is_not_zero() -> None:
    """In single precision the loss of a logit ahead by 40 would be 0, and so would its gradient."""
    model = Fixed(torch.tensor([[40.0, 0.0, 0.0]]))
    lost = MODULAR.loss(MODULAR.phases[0], model, batch([0]), draws).value
    assert float(lost.detach()) == pytest.approx(2 * math.exp(-40), rel=1e-3)
    assert float(torch.autograd.grad(lost, model.logits)[0][0, 1]) > 0


def test_temperature_divides_the_logits() -> None:
    model = Fixed(torch.tensor([[2 * math.log(3), 0.0, 0.0]]))
    assert float(MODULAR.summed_loss(model, batch([0]), draws, 2.0).detach()) == pytest.approx(math.log(5 / 3))


def test_what_is_noted_of_a_network() -> None:
    model = build_model("modular_mlp", 7, (1, 2, 7), 0)
    with torch.no_grad():
        model.get_parameter("inner.weight")[:3] = 0
    found = MODULAR.observe(model)
    rows = (model.get_parameter("inner.weight") @ model.get_parameter("embed.weight")).detach()
    expected = spectrum(rows)
    assert found["spectrum/dead"] == [3.0]
    assert found["spectrum/entropy"] == pytest.approx([expected.entropy], rel=1e-3)
    assert found["spectrum/strongest"] == pytest.approx([expected.strongest], rel=1e-3)
    assert found["spectrum_mean/share"] == pytest.approx(expected.share.tolist(), rel=1e-3)
    assert found["neuron_rows/row"] == [0, 16, 32, 48, 64, 80, 96, 112]
    assert found["neurons/weight"][:7] == [0.0] * 7
    torch.testing.assert_close(torch.tensor(found["neurons/weight"]).view(8, 7), rows[::16], atol=0, rtol=6e-3)


def test_norms_are_of_the_whole_vector() -> None:
    """Not the mean of the matrices' norms, which the published code has."""
    model = build_model("modular_transformer", 7, (1, 2, 7), 0)
    everything = torch.cat([weight.detach().flatten() for weight in model.parameters()])
    found = MODULAR.observe(model)
    assert found["norms/l1"] == pytest.approx([float(everything.abs().sum())], rel=1e-3)
    assert found["norms/l2"] == pytest.approx([float(everything.square().sum().sqrt())], rel=1e-3)


def test_a_network_without_a_live_neuron_is_noted_too() -> None:
    model = build_model("modular_mlp", 7, (1, 2, 7), 0)
    with torch.no_grad():
        model.get_parameter("embed.weight").zero_()
    found = MODULAR.observe(model)
    assert found["spectrum/dead"] == [128.0]
    assert math.isnan(found["spectrum/entropy"][0])
    assert math.isnan(found["spectrum/strongest"][0])


def test_of_a_network_of_ones_own_the_norms_are_noted() -> None:
    own = nn.Sequential(nn.Linear(5, 4, bias=False), nn.Flatten(), nn.Linear(8, 5))
    assert MODULAR.observe(own).keys() == {"norms/l1", "norms/l2"}


def test_a_network_learns_a_small_modulus() -> None:
    data = load_data("modular:add:7:0.9")
    images, model = normalise(data.train.images, data.mean, data.std), build_model("modular_mlp", 7, (1, 2, 7), 0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    for _ in range(60):
        optimiser.zero_grad()
        MODULAR.loss(MODULAR.phases[0], model, (images, data.train.labels), draws).value.backward()
        optimiser.step()
    assert MODULAR.evaluate(model, data, [(images, data.train.labels)], draws)[0] == 1.0
