"""Parametrised weights: folded, the network computes the same, and what is pruned is multiplied as zero."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from pruning import Recipe, Training, find_ticket
from pruning.checkpoints.folded import fold_normalised
from pruning.models import build_model, prunable
from pruning.models.folding import fold, folded

Wrap = Callable[[nn.Module], nn.Module]


class Symmetric(nn.Module):
    """A parametrisation of the user's own, by which no zero stays one."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean()


def _symmetric(layer: nn.Module) -> nn.Module:
    return parametrize.register_parametrization(layer, "weight", Symmetric())


NORMS: dict[str, Wrap] = {
    "weight_norm": weight_norm,
    "weight_norm of columns": lambda layer: weight_norm(layer, dim=1),
    "weight_norm of all": lambda layer: weight_norm(layer, dim=None),  # type: ignore[arg-type]
    "spectral_norm": spectral_norm,
    "parametrised weight_norm": parametrizations.weight_norm,
    "parametrised spectral_norm": parametrizations.spectral_norm,
}
ALL = NORMS | {
    "orthogonal": parametrizations.orthogonal,
    "centred": _symmetric,
    "torch's pruning": lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
}


def network(wrap: Wrap) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(wrap(nn.Conv2d(1, 4, 3)), nn.ReLU(), nn.Flatten(), wrap(nn.Linear(144, 10)))
    model(torch.randn(2, 1, 8, 8)).sum().backward()  # as in training, weights hang on a graph
    return model


@pytest.mark.parametrize("how", ALL)
def test_folded_it_computes_the_same(how: str) -> None:
    model, images = network(ALL[how]), torch.randn(5, 1, 8, 8)
    expected = model.eval()(images)
    model.train()
    fold(model)
    assert model.training
    assert folded(model) == ("0.weight", "3.weight")
    assert list(prunable(model)) == ["0.weight", "3.weight"]
    torch.testing.assert_close(model.eval()(images), expected)


@pytest.mark.parametrize("how", NORMS)
def test_a_checkpoint_is_folded_as_its_network_is(how: str) -> None:
    model, notes = network(NORMS[how]).eval(), list[str]()
    state = fold_normalised(model.state_dict(), notes)
    fold(model)
    assert set(state) == set(model.state_dict())
    for name, value in model.state_dict().items():
        torch.testing.assert_close(state[name], value)
    assert notes == ["The normalisation of 2 weights was folded into them."]


def test_other_tensors_of_such_names_stay() -> None:
    state = {"a_v": torch.ones(3), "a_g": torch.ones(3), "b_orig": torch.ones(2, 2), "b_mask": torch.ones(2, 2),
             "c_v": torch.ones(2, 3), "c_g": torch.ones(4, 1)}  # fmt: skip
    notes: list[str] = []
    assert list(fold_normalised(state, notes)) == list(state)
    assert not notes


@pytest.mark.parametrize("old", [True, False])
def test_a_recurrent_layer(old: bool) -> None:
    layer, x = nn.LSTM(4, 5, batch_first=True), torch.randn(2, 3, 4)
    (weight_norm if old else parametrizations.weight_norm)(layer, "weight_hh_l0")
    expected = layer(x)[0]
    fold(layer)
    torch.testing.assert_close(layer(x)[0], expected)
    with torch.no_grad():
        prunable(layer)["weight_hh_l0"].zero_()
        assert not torch.equal(layer(x)[0], expected)


FILE = """
import torch
from torch import nn
from torch.nn.utils import spectral_norm, weight_norm
from torch.nn.utils import parametrizations


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.first = spectral_norm(nn.Linear(8, 12))
        self.recurrent = nn.GRU(12, 16, batch_first=True)
        parametrizations.weight_norm(self.recurrent, "weight_hh_l0")
        self.hidden = parametrizations.weight_norm(nn.Linear(16, 20))
        self.head = weight_norm(nn.Linear(20, num_classes))

    def forward(self, x):
        x = self.recurrent(torch.relu(self.first(x[:, 0])))[0][:, -1]
        return self.head(torch.relu(self.hidden(x)))


def net(num_classes, shape):
    return Net(num_classes)
"""


@pytest.mark.parametrize("criterion", ["magnitude", "snip", "grasp"])
def test_a_ticket_of_a_normalised_recurrent_network(tmp_path: Path, criterion: str) -> None:
    """Whole rows go at this sparsity, whose length would be 0 / 0."""
    (tmp_path / "net.py").write_text(FILE)
    recipe = Recipe(model=f"{tmp_path / 'net.py'}:net", data="digits", criterion=criterion, sparsity=0.97,
                    training=Training(epochs=1, batch_size=256, warmup_epochs=0, weight_decay=0.01))  # fmt: skip
    ticket = find_ticket(recipe)
    weights = 8 * 12 + 3 * 16 * (12 + 16) + 16 * 20 + 20 * 10
    assert (ticket.total, ticket.kept) == (weights, weights - round(0.97 * weights))
    multiplied = dict(ticket.model().named_parameters())
    for name, mask in ticket.masks.items():
        assert bool((multiplied[name][~mask] == 0).all())
        assert bool(torch.isfinite(multiplied[name]).all())


def test_building_is_as_reproducible_as_before(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(FILE)
    one, two = (build_model(f"{tmp_path / 'net.py'}:net", 10, (1, 8, 8), 3).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
