"""VGG (Simonyan & Zisserman 2015, arXiv 1409.1556) for small images, with batch norm."""

from functools import partial

from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models.base import Architecture
from pruning.models.pooling import MaxPool2x2
from pruning.models.resnet import initialise

_POOL = 0
_LAYERS = {
    11: (64, _POOL, 128, _POOL, 256, 256, _POOL, 512, 512, _POOL, 512, 512, _POOL),
    13: (64, 64, _POOL, 128, 128, _POOL, 256, 256, _POOL, 512, 512, _POOL, 512, 512, _POOL),
    16: (64, 64, _POOL, 128, 128, _POOL, *(256,) * 3, _POOL, *(512,) * 3, _POOL, *(512,) * 3, _POOL),
    19: (64, 64, _POOL, 128, 128, _POOL, *(256,) * 4, _POOL, *(512,) * 4, _POOL, *(512,) * 4, _POOL),
}
SMALLEST = 32


class VGG(nn.Module):
    """The convolutions of VGG-11, 13, 16 or 19, each with bias, batch norm and ReLU; what is left is averaged over.

    One linear layer follows, or with `hidden` two of that many units and ReLU before it. There is no dropout, which
    would draw from the global random state. Images of 32 pixels or more fit. Parameters are named as in the usual
    public code (`features.0`, `classifier`).

    Raises:
        UserError: the images are smaller.
    """

    def __init__(self, depth: int, num_classes: int, shape: tuple[int, int, int], hidden: int = 0) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < SMALLEST:
            raise UserError(
                f"The model 'vgg{depth}' needs images of at least {SMALLEST}x{SMALLEST} pixels, these are "
                f"{height}x{width}; take 'resnet20' or larger images."
            )
        layers: list[nn.Module] = []
        for wide in _LAYERS[depth]:
            if wide == _POOL:
                layers.append(MaxPool2x2())
                continue
            layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU()]
            channels = wide
        self.features = nn.Sequential(*layers)
        last = nn.Linear(hidden or channels, num_classes)
        self.classifier = _three_layers(channels, hidden, last) if hidden else last
        initialise(self, last)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        logits: Tensor = self.classifier(self.features(x).mean(dim=(2, 3)))
        return logits


def _three_layers(channels: int, hidden: int, last: nn.Linear) -> nn.Sequential:
    first, second = nn.Linear(channels, hidden), nn.Linear(hidden, hidden)
    for layer in (first, second):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    # Public code has dropout at 2 and 5; the places are kept, so that the parameters have the same names.
    return nn.Sequential(first, nn.ReLU(), nn.Identity(), second, nn.ReLU(), nn.Identity(), last)


MODELS = [
    *(Architecture(f"vgg{depth}", partial(VGG, depth)) for depth in _LAYERS),
    *(Architecture(f"vgg{depth}_512", partial(VGG, depth, hidden=512)) for depth in _LAYERS),
]
