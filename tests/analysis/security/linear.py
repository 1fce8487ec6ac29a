"""Linear networks, of which it is known what withstands an attack of any size; and bent ones."""

import numpy as np
import torch
from torch import Tensor, nn

from analysis.security.pixels import Ball, Pixels


def linear(classes: int = 6, side: int = 8, seed: int = 0) -> tuple[Pixels, Tensor, Tensor]:
    """A linear network of grey pixels with mean 0.5 and deviation 0.25, images near grey, and labels it mostly gets."""
    generator = torch.Generator().manual_seed(seed)
    layer = nn.Linear(side * side, classes)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
        layer.bias.copy_(0.1 * torch.randn(classes, generator=generator))
    network = Pixels(nn.Sequential(nn.Flatten(), layer).eval(), (0.5,), (0.25,), 0)
    images = 0.5 + 0.1 * (2 * torch.rand(150, 1, side, side, generator=generator) - 1)
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    labels[::10] = (labels[::10] + 1) % classes
    return network, images, labels


def bent(images: int, shape: tuple[int, int] = (8, 8), classes: int = 5) -> tuple[Pixels, Tensor, Tensor]:
    """A network of two layers, images of noise, and the labels it gives them."""
    generator = torch.Generator().manual_seed(5)
    pixels = shape[0] * shape[1]
    module = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 32), nn.Tanh(), nn.Linear(32, classes))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 4)
    network = Pixels(module.eval(), (0.5,), (0.25,), 0)
    shown = torch.rand(images, 1, *shape, generator=generator)
    with torch.no_grad():
        return network, shown, network(shown).argmax(dim=1)


def known(network: Pixels, images: Tensor, labels: Tensor, ball: Ball) -> np.ndarray:
    """What withstands: whose lead over each class is more than the ball's radius times the dual norm of its slope."""
    weight = dict(network.named_parameters())["module.1.weight"].detach() / network.std.item()
    with torch.no_grad():
        logits = network(images)
    slopes = weight[labels][:, None] - weight[None]
    dual = slopes.abs().sum(dim=2) if ball.norm == "linf" else slopes.norm(dim=2)
    lead = logits.gather(1, labels[:, None]) - logits - ball.radius * dual
    lead.scatter_(1, labels[:, None], 1.0)
    return (lead > 0).all(dim=1).numpy()
