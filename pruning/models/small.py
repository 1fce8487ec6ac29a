"""The small networks of the lottery-ticket papers: LeNet-300-100, LeNet-5, Conv-2, Conv-4, Conv-6.

All start as in Frankle & Carbin 2019 (arXiv 1803.03635): weights drawn from Glorot's normal distribution, biases zero.
"""

from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models.base import Architecture
from pruning.models.pooling import MaxPool2x2


class LeNet300(nn.Module):
    """LeNet-300-100 (LeCun et al. 1998): two hidden linear layers with ReLU. 266,200 weights at 28x28x1, 10 classes."""

    def __init__(self, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        self.fc1 = nn.Linear(channels * height * width, 300)
        self.fc2 = nn.Linear(300, 100)
        self.fc3 = nn.Linear(100, num_classes)
        _glorot(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = self.fc1(x.flatten(1)).relu()
        logits: Tensor = self.fc3(self.fc2(x).relu())
        return logits


class LeNet5(nn.Module):
    """LeNet-5 (LeCun et al. 1998) with ReLU and max-pooling. 61,470 weights at 28x28x1, 10 classes.

    The first convolution pads by 2, as the paper pads its 28x28 digits to 32x32. Images of 12 pixels or more fit.
    """

    def __init__(self, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        high, wide = (height // 2 - 4) // 2, (width // 2 - 4) // 2
        if min(high, wide) < 1:
            raise UserError(
                f"The model 'lenet5' needs images of at least 12x12 pixels, these are {height}x{width}; "
                "take 'lenet300' or a ResNet."
            )
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = MaxPool2x2()
        self.fc1 = nn.Linear(16 * high * wide, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)
        _glorot(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = self.pool(self.conv1(x).relu())
        x = self.pool(self.conv2(x).relu())
        x = self.fc1(x.flatten(1)).relu()
        logits: Tensor = self.fc3(self.fc2(x).relu())
        return logits


class ConvNet(nn.Module):
    """Conv-2, Conv-4 and Conv-6 (Frankle & Carbin 2019, figure 2): pairs of 3x3 convolutions, each pair pooled.

    64, 128 and 256 channels in turn, then linear layers of 256, 256 and the classes. At 32x32x3 and 10 classes they
    have 4,300,992, 2,425,024 and 2,261,184 weights; the paper prints 4.3 M, 2.4 M and, for Conv-6, 1.7 M, which its
    own description of the layers does not give. Images of 2, 4 and 8 pixels or more fit.
    """

    def __init__(self, depth: int, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        pairs = depth // 2
        high, wide = height >> pairs, width >> pairs
        if min(high, wide) < 1:
            raise UserError(
                f"The model 'conv{depth}' needs images of at least {1 << pairs}x{1 << pairs} pixels, these are "
                f"{height}x{width}; take 'lenet300' or larger images."
            )
        widths = [channels] + [64 << (layer // 2) for layer in range(depth)]
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths), start=1):
            self.add_module(f"conv{layer}", nn.Conv2d(fan_in, fan_out, 3, padding=1))
        self.depth = depth
        self.pool = MaxPool2x2()
        self.fc1 = nn.Linear(widths[-1] * high * wide, 256)
        self.fc2 = nn.Linear(256, 256)
        self.fc3 = nn.Linear(256, num_classes)
        _glorot(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        for layer in range(1, self.depth + 1):
            x = self.get_submodule(f"conv{layer}")(x).relu()
            if layer % 2 == 0:
                x = self.pool(x)
        x = self.fc1(x.flatten(1)).relu()
        logits: Tensor = self.fc3(self.fc2(x).relu())
        return logits


def _glorot(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


MODELS = [
    Architecture("lenet300", LeNet300),
    Architecture("lenet5", LeNet5),
    *(Architecture(f"conv{depth}", partial(ConvNet, depth)) for depth in (2, 4, 6)),
]
