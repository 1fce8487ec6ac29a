"""Autoencoders, variational autoencoders and generative adversarial networks, each of parts that can be told apart.

Those with convolutions are like DCGAN's (Radford et al. 2016, arXiv 1511.06434) without batch normalisation, whose
statistics of real and of made images would mix; those of linear layers are for images of any size. A variational
autoencoder's decoder and a GAN's generator are of one class and take latents of one distribution, so that either's
weights fit into the other (Kalibhat et al. 2021, arXiv 2010.02350).
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from math import prod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from pruning.errors import UserError
from pruning.models.base import Architecture

Shape = tuple[int, int, int]
SMALL = 256  # numbers in an image that narrow linear layers suffice for
WIDTHS = (32, 64)  # channels of the convolutions
LEAK = 0.2  # of a discriminator's leaky ReLU


class DenseReader(nn.Module):
    """Images [N, C, H, W] to numbers [N, outputs], by linear layers."""

    def __init__(self, shape: Shape, hidden: Sequence[int], outputs: int, leak: float = 0.0) -> None:
        super().__init__()
        self.leak = leak
        self.layers = _linear_layers(self, [prod(shape), *hidden, outputs])

    def forward(self, x: Tensor) -> Tensor:
        """Images to numbers."""
        return _through(self, self.layers, x.flatten(1), self.leak)


class DenseDecoder(nn.Module):
    """Latents [N, L] to the logits of pixels [N, C, H, W], by linear layers."""

    def __init__(self, latent: int, hidden: Sequence[int], shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.layers = _linear_layers(self, [latent, *hidden, prod(shape)])

    def forward(self, latents: Tensor) -> Tensor:
        """Latents to logits of pixels."""
        return _through(self, self.layers, latents).view(-1, *self.shape)


def _linear_layers(module: nn.Module, sizes: Sequence[int]) -> int:
    """Add fc1, fc2, ... of these sizes; gives how many."""
    for number, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
        module.add_module(f"fc{number}", nn.Linear(fan_in, fan_out))
    return len(sizes) - 1


def _through(module: nn.Module, layers: int, x: Tensor, leak: float = 0.0) -> Tensor:
    for number in range(1, layers + 1):
        x = module.get_submodule(f"fc{number}")(x)
        if number < layers:
            x = nn.functional.leaky_relu(x, leak)
    return x


class ConvReader(nn.Module):
    """Images [N, C, H, W] to numbers [N, outputs], by two convolutions of stride 2 and a linear layer."""

    def __init__(self, shape: Shape, outputs: int, leak: float = 0.0) -> None:
        super().__init__()
        channels, height, width = shape
        self.leak = leak
        self.conv1 = nn.Conv2d(channels, WIDTHS[0], 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(WIDTHS[0], WIDTHS[1], 4, stride=2, padding=1)
        self.fc = nn.Linear(WIDTHS[1] * (height // 4) * (width // 4), outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Images to numbers."""
        for layer in (self.conv1, self.conv2):
            x = nn.functional.leaky_relu(layer(x), self.leak)
        numbers: Tensor = self.fc(x.flatten(1))
        return numbers


class ConvDecoder(nn.Module):
    """Latents [N, L] to the logits of pixels [N, C, H, W], by a linear layer and two transposed convolutions."""

    def __init__(self, latent: int, shape: Shape) -> None:
        super().__init__()
        channels, height, width = shape
        self.small = (WIDTHS[1], height // 4, width // 4)
        self.fc = nn.Linear(latent, prod(self.small))
        self.conv1 = nn.ConvTranspose2d(WIDTHS[1], WIDTHS[0], 4, stride=2, padding=1)
        self.conv2 = nn.ConvTranspose2d(WIDTHS[0], channels, 4, stride=2, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents to logits of pixels."""
        x = self.fc(latents).relu().unflatten(1, self.small)
        logits: Tensor = self.conv2(self.conv1(x).relu())
        return logits


class Generative(nn.Module):
    """A network that makes images of latents, which are standard normal where they are drawn.

    Attributes:
        latent: numbers in the latents of an image.
        maker: the submodule that makes logits of pixels of latents.
    """

    maker: ClassVar[str] = "decoder"

    def __init__(self, shape: Shape, convolutional: bool) -> None:
        super().__init__()
        self.image, self.convolutional = shape, convolutional
        small = prod(shape) <= SMALL
        self.hidden = 128 if small else 400
        if convolutional:
            self.latent = 16 if shape[0] == 1 else 64
        else:
            self.latent = 8 if small else 20

    def reader(self, hidden: Sequence[int], outputs: int, leak: float = 0.0) -> nn.Module:
        """Give a new part that reads images; `hidden` are the sizes of linear layers."""
        if self.convolutional:
            return ConvReader(self.image, outputs, leak)
        return DenseReader(self.image, hidden, outputs, leak)

    def new_decoder(self) -> nn.Module:
        """Give a new part that makes images."""
        if self.convolutional:
            return ConvDecoder(self.latent, self.image)
        return DenseDecoder(self.latent, (self.hidden, self.hidden), self.image)

    def ends(self) -> set[str]:
        """Give the weights of the last layer of each part, whose rows are latents, pixels or the logit."""
        layers = {
            part: [name for name, module in child.named_modules() if isinstance(module, (nn.Linear, _ConvNd))]
            for part, child in self.named_children()
        }
        return {f"{part}.{names[-1]}.weight" for part, names in layers.items()}

    def decode(self, latents: Tensor) -> Tensor:
        """Latents [N, L] to images [N, C, H, W] in [0, 1]."""
        logits: Tensor = self.get_submodule(self.maker)(latents)
        return logits.sigmoid()


class Autoencoder(Generative):
    """An encoder that gives a code, and a decoder that makes the image of it again."""

    codes: ClassVar[int] = 1  # numbers that the encoder gives for each latent

    def __init__(self, shape: Shape, convolutional: bool) -> None:
        super().__init__(shape, convolutional)
        self.encoder = self.reader((self.hidden,), self.codes * self.latent)
        self.decoder = self.new_decoder()

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Images [N, C, H, W] in [0, 1] to latents [N, L], and the logarithm of their variance where they have one."""
        return self.encoder(x), None

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] in [0, 1] to the logits of their reconstruction, from the mean where there is chance."""
        logits: Tensor = self.decoder(self.encode(x)[0])
        return logits


class VariationalAutoencoder(Autoencoder):
    """An autoencoder whose encoder gives a normal distribution (Kingma & Welling 2014, arXiv 1312.6114)."""

    codes: ClassVar[int] = 2

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images [N, C, H, W] in [0, 1] to means and logarithms of variances, [N, L] each."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance


class Gan(Generative):
    """A generator, and a discriminator that gives the logit of an image being real (Goodfellow et al. 2014)."""

    maker: ClassVar[str] = "generator"

    def __init__(self, shape: Shape, convolutional: bool) -> None:
        super().__init__(shape, convolutional)
        self.generator = self.new_decoder()
        self.discriminator = self.reader((self.hidden, self.hidden // 2), 1, LEAK)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] in [0, 1] to logits [N, 2]: of the image, and of what latents of zero make."""
        real, made = self.discriminator(x), self.discriminator(self.decode(x.new_zeros(1, self.latent)))
        return torch.cat([real, made.expand_as(real)], dim=1)


def build(kind: type[Generative], convolutional: bool, num_classes: int, shape: Shape) -> nn.Module:
    """Build a network, as freshly initialised as torch has it. Raises UserError when the images do not fit."""
    if convolutional and (min(shape[1:]) < 16 or shape[1] % 4 or shape[2] % 4):
        name = next(name for name, each in KINDS.items() if each is kind)
        raise UserError(
            f"The model '{name}' needs images whose sides are multiples of 4 and at least 16 pixels, these are "
            f"{shape[1]}x{shape[2]}; take '{name}_mlp'."
        )
    return kind(shape, convolutional)


KINDS: dict[str, type[Generative]] = {"autoencoder": Autoencoder, "vae": VariationalAutoencoder, "gan": Gan}
MODELS = [
    *(Architecture(name, partial(build, kind, True), False) for name, kind in KINDS.items()),
    *(Architecture(f"{name}_mlp", partial(build, kind, False), False) for name, kind in KINDS.items()),
]
