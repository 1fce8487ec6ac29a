"""Coupled layers: those whose output channels are added, found in networks whose additions are known."""

import torch
from torch import Tensor, nn

from pruning.graph.coupling import coupled
from pruning.models import build_model


def test_layers_in_a_row_are_each_by_themselves() -> None:
    found = coupled(build_model("lenet5", 10, (1, 28, 28), 0), (1, 28, 28))
    assert all(len(group) == 1 for group in found)
    assert len(found) == 5


def test_a_residual_stream_is_one_group() -> None:
    """ResNet-20's shortcuts without weights hand channels on from stage to stage: one stream, the stem and conv2s."""
    model = build_model("resnet20", 10, (3, 32, 32), 0)
    together = [group for group in coupled(model, (3, 32, 32)) if len(group) > 1]
    second = {name for name, _ in model.named_parameters() if name.endswith("conv2.weight")}
    assert [set(group) for group in together] == [{"conv1.weight", *second}]


def test_projected_shortcuts_end_a_stream() -> None:
    """ResNet-18's stages each have a stream of their own, which the projection writes into too."""
    groups = coupled(build_model("torchvision/resnet18", 10, (3, 32, 32), 0), (3, 32, 32))
    together = {frozenset(group) for group in groups if len(group) > 1}
    stages = {
        frozenset(
            {f"layer{stage}.0.conv2.weight", f"layer{stage}.1.conv2.weight"}
            | ({"conv1.weight"} if stage == 1 else {f"layer{stage}.0.downsample.0.weight"})
        )
        for stage in (1, 2, 3, 4)
    }
    assert together == stages


class Branches(nn.Module):
    """a and b are added, c follows, d is depthwise on c's channels; the norm in between makes no difference."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)
        self.norm, self.c = nn.BatchNorm2d(4), nn.Conv2d(4, 6, 1)
        self.d, self.head = nn.Conv2d(6, 6, 3, groups=6), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.a(x)) + self.b(x))
        out: Tensor = self.head(self.d(self.c(x)).mean((2, 3)))
        return out


def test_additions_and_depthwise_layers() -> None:
    assert coupled(Branches(), (3, 8, 8)) == [("a.weight", "b.weight"), ("c.weight", "d.weight"), ("head.weight",)]


class Untraceable(Branches):
    """Its forward pass depends on values."""

    def forward(self, x: Tensor) -> Tensor:
        """As above, or not."""
        return super().forward(x) if float(x.sum()) >= 0 else super().forward(-x)


def test_what_cannot_be_traced_is_not_coupled() -> None:
    assert all(len(group) == 1 for group in coupled(Untraceable(), (3, 8, 8)))
