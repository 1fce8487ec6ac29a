"""ResNeXt (Xie et al. 2017, arXiv 1611.05431) for small images."""

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from pruning.models.base import Architecture
from pruning.models.resnet import initialise, projected

_STAGES = (64, 128, 256)


class CifarResNeXt(nn.Module):
    """ResNeXt-depth, groups x width d: three stages of (depth - 2) / 9 blocks, global pooling, images of any size.

    Parameters are named as in the usual public code (`stage_1.0.conv_reduce`, `classifier`).
    """

    def __init__(self, depth: int, groups: int, width: int, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.conv_1_3x3 = nn.Conv2d(shape[0], 64, 3, padding=1, bias=False)
        self.bn_1 = nn.BatchNorm2d(64)
        channels = 64
        for stage, planes in enumerate(_STAGES, start=1):
            layers = []
            for block in range((depth - 2) // 9):
                stride = 2 if stage > 1 and block == 0 else 1
                layers.append(_Block(channels, planes, groups, planes * width // 64, stride))
                channels = 4 * planes
            self.add_module(f"stage_{stage}", nn.Sequential(*layers))
        self.classifier = nn.Linear(channels, num_classes)
        initialise(self, self.classifier)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = F.relu(self.bn_1(self.conv_1_3x3(x)))
        for stage in range(1, len(_STAGES) + 1):
            x = self.get_submodule(f"stage_{stage}")(x)
        logits: Tensor = self.classifier(x.mean(dim=(2, 3)))
        return logits


class _Block(nn.Module):
    """1x1, grouped 3x3 and 1x1 convolution beside a shortcut; gives 4 `planes` channels, `each` in a group inside."""

    def __init__(self, fan_in: int, planes: int, groups: int, each: int, stride: int) -> None:
        super().__init__()
        inner = each * groups
        self.conv_reduce = nn.Conv2d(fan_in, inner, 1, bias=False)
        self.bn_reduce = nn.BatchNorm2d(inner)
        self.conv_conv = nn.Conv2d(inner, inner, 3, stride=stride, padding=1, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(inner)
        self.conv_expand = nn.Conv2d(inner, 4 * planes, 1, bias=False)
        self.bn_expand = nn.BatchNorm2d(4 * planes)
        self.downsample = projected(fan_in, 4 * planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Maps [N, fan_in, H, W] to [N, 4 planes, ceil(H / stride), ceil(W / stride)]."""
        inner = F.relu(self.bn_reduce(self.conv_reduce(x)))
        inner = F.relu(self.bn(self.conv_conv(inner)))
        beside = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn_expand(self.conv_expand(inner)) + beside)


# The one of AugMix (Hendrycks et al. 2020).
MODELS = [Architecture("resnext29_4x32", partial(CifarResNeXt, 29, 4, 32))]
