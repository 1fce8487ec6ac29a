"""What norms say of a removed channel is told to stay zero, whatever lies between, and for all who share the norm."""

import pytest
import torch
from torch import Tensor, nn

from pruning.granularity.dead_channels import dead_channel_masks

SHAPE = (3, 8, 8)


def kept(*gone: int, of: int = 4) -> Tensor:
    """The mask of a 3x3 kernel over three channels whose outputs are gone."""
    mask = torch.ones(of, 3, 3, 3, dtype=torch.bool)
    mask[list(gone)] = False
    return mask


@pytest.mark.parametrize("between", [[], [nn.ReLU()], [nn.Dropout(), nn.GELU(), nn.MaxPool2d(2)]])
def test_a_removed_filter_is_silent_behind_its_norm(between: list[nn.Module]) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), *between, nn.BatchNorm2d(4)).train()
    mask = kept(1, 3)
    found = dead_channel_masks(model, {"0.weight": mask}, SHAPE)
    norm = len(model) - 1
    assert found.keys() == {"0.bias", f"{norm}.weight", f"{norm}.bias"}
    with torch.no_grad():
        for name, each in {"0.weight": mask, **found}.items():
            model.get_parameter(name).add_(1).mul_(each)
        quiet = model(torch.randn(5, *SHAPE)).abs().amax((0, 2, 3)) == 0
    assert quiet.tolist() == [False, True, False, True]


class Shared(nn.Module):
    """Two layers that one norm reads, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.norm = nn.Conv2d(3, 4, 3, bias=False), nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.a(x)) + self.norm(self.b(x))


def test_a_norm_that_two_layers_share_speaks_for_both() -> None:
    both = dead_channel_masks(Shared(), {"a.weight": kept(0, 1), "b.weight": kept(1, 2)}, SHAPE)
    assert both["norm.bias"].tolist() == both["norm.weight"].tolist() == [True, False, True, True]
    assert not dead_channel_masks(Shared(), {"a.weight": kept(0), "b.weight": kept()}, SHAPE)
