"""Running only what depends on changed weights gives what running the whole changed network gives."""

import copy

import pytest
import torch
from torch import Tensor, nn

from analysis.engine.rerun import Rerun
from pruning.models import build_model


class InPlace(nn.Module):
    """Works in place wherever it can."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Linear(4, 5)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        first = self.a(x)
        second = self.b(first)
        first += self.act(second)
        out: Tensor = self.c(nn.functional.relu(first, inplace=True).mean((2, 3)))
        return out


class BehindItsBack(InPlace):
    """Changes a value and throws the result of that away, which no graph shows."""

    def forward(self, x: Tensor) -> Tensor:
        """Double what the first layer makes."""
        first = self.a(x)
        first.mul_(2)
        out: Tensor = self.c(self.b(first).mean((2, 3)))
        return out


class Untraceable(InPlace):
    """Its way depends on values."""

    def forward(self, x: Tensor) -> Tensor:
        """As above, or not."""
        return super().forward(x) if float(x.sum()) != 1 else self.c(x)


NETWORKS = {
    "lenet5": lambda: build_model("lenet5", 10, (1, 28, 28), 0),
    "resnet20": lambda: build_model("resnet20", 10, (3, 32, 32), 0),
    "in place": InPlace,
    "behind its back": BehindItsBack,
    "untraceable": Untraceable,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_only_what_depends_is_run_and_it_is_the_same(name: str) -> None:
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    x = torch.randn(7, *((1, 28, 28) if name == "lenet5" else (3, 32, 32)))
    weights = {key: value for key, value in model.named_parameters() if value.ndim > 1}
    with torch.inference_mode():
        again = Rerun(model, x)
        assert torch.equal(again.show(x), model(x))
        assert (again.graph is None) == (name in ("behind its back", "untraceable"))
        for key, value in [*weights.items(), *reversed(weights.items())]:
            masks = {key: torch.rand(value.shape) < 0.5}
            pruned = copy.deepcopy(model)
            pruned.get_parameter(key).mul_(masks[key])
            assert torch.equal(again.again(masks), pruned(x)), key
        assert torch.equal(again.again({}), model(x))


def test_what_comes_before_is_not_run() -> None:
    model = build_model("lenet5", 10, (1, 28, 28), 0).eval()
    with torch.inference_mode():
        again = Rerun(model, torch.randn(3, 1, 28, 28))
        again.show(torch.randn(3, 1, 28, 28))
        ran: list[str] = []
        for name, module in again.module.named_modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.register_forward_hook(lambda *_, name=name: ran.append(name))
        again.again({"fc2.weight": torch.zeros(84, 120, dtype=torch.bool)})
    assert ran == ["fc2", "fc3"]
