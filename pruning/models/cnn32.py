"""Three convolutions of 32 channels and a linear layer: a network for images of a few pixels, in seconds."""

from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models.base import Architecture
from pruning.models.pooling import MaxPool2x2


class Cnn32(nn.Module):
    """3x3 convolutions with ReLU, pooled after the first and the third. 20,000 weights at 8x8x1 and 10 classes.

    Initialised as PyTorch does it. Images of 4 pixels or more fit.
    """

    def __init__(self, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 4:
            raise UserError(
                f"The model 'cnn32' needs images of at least 4x4 pixels, these are {height}x{width}; take 'lenet300'."
            )
        self.conv1 = nn.Conv2d(channels, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)
        self.pool = MaxPool2x2()
        self.fc = nn.Linear(32 * (height // 4) * (width // 4), num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = self.pool(self.conv1(x).relu())
        x = self.pool(self.conv3(self.conv2(x).relu()).relu())
        logits: Tensor = self.fc(x.flatten(1))
        return logits


MODEL = Architecture("cnn32", Cnn32)
