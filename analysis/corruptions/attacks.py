"""Adversarial examples: the small changes that a network minds most, found from its own gradients.

`fgsm` moves every byte by eps in the direction in which the loss grows (Goodfellow et al., "Explaining and Harnessing
Adversarial Examples", ICLR 2015). `pgd` starts at random within eps and makes ten such moves of 2.5 eps / 10, back into
reach after each (Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018). Both know
the network and the true classes, and no byte of an image changes by more than eps: 1, 2, 4, 8 or 16 grey levels, at any
size of image.

Only the signs of gradients count, so the loss is s = log(sum of exp(z_k - z_y) over the classes k that are not the true
one, y) of the logits z. Cross-entropy is log(1 + exp(s)) and grows with s: its gradient has the same signs, but rounds
to zero where the network is certain.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from analysis.corruptions.checks import check_images, check_severity, indices_of
from analysis.corruptions.corruption import Attack, Reach
from analysis.corruptions.random import WORDS, Draws
from analysis.corruptions.registry import ATTACKS
from pruning.data import normalise
from pruning.errors import UserError
from pruning.models import count_macs
from pruning.training.precision import as_input, settled

EPSILONS: tuple[int, ...] = (1, 2, 4, 8, 16)
"""Grey levels that a byte may change by, at severities 1 to 5."""
STEPS = 10
STEP = 2.5 / STEPS
"""PGD's moves, and the length of each in eps."""

# The network always sees as many images at once, the last of them repeated, since sums in another order differ in the
# last bit and a sign can hang on it. So many, and no more than so many values, which bounds the memory.
IMAGES_AT_ONCE = 100
VALUES_AT_ONCE = 1 << 21


def attack(
    module: nn.Module,
    images: Tensor,
    labels: Tensor,
    name: str,
    severity: int,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    seed: int = 0,
    index: Tensor | np.ndarray | Sequence[int] | None = None,
) -> Tensor:
    """Images that the network mistakes, if it can be done by changing no byte by more than eps.

    Args:
        module: maps normalised images, float32 [N, C, H, W], to logits [N, K]; on the device of the images. It is used
            in evaluation mode and left as it was: modes, parameters and their gradients.
        images: uint8 [N, C, H, W] with C = 1 or 3.
        labels: int64 [N], the true classes.
        name: one of `registry.ATTACKS`, such as ``pgd``.
        severity: 1 to 5, see `EPSILONS`.
        mean: what is subtracted from the network's input, a value a channel on the scale 0 to 1.
        std: what it is then divided by.
        seed: decides with the index where PGD starts, as for `corrupt`.
        index: the images' places in the data set, 0 to N - 1 when not given.

    Returns uint8, same shape and device; an image's result does not depend on the batch. Raises UserError for anything
    else than the above, and when the network's gradient is not finite.
    """
    function = ATTACKS.get_known(name).function
    check_severity(severity, name)
    check_images(images)
    _check_labels(images, labels)
    indices = indices_of(index, images)
    if not len(images):
        return images.clone()
    draws, eps = Draws.of(seed, name, severity, indices), EPSILONS[severity - 1]
    size = max(1, min(IMAGES_AT_ONCE, VALUES_AT_ONCE // images[0].numel()))
    with _attacked(module, mean, std, images) as network:
        spans = [(start, start + size) for start in range(0, len(images), size)]
        parts = [_attack(network, images[i:j], labels[i:j], draws.part(i, j), function, eps, size) for i, j in spans]
    return torch.cat(parts)


class _Network:
    """A network under attack: the gradients that it gives."""

    def __init__(self, module: nn.Module, mean: Sequence[float], std: Sequence[float], macs: int) -> None:
        self.module, self.mean, self.std, self.macs = module, mean, std, macs

    def direction(self, levels: Tensor, labels: Tensor) -> Tensor:
        """The signs of the loss's gradient by images in grey levels, float32 [N, C, H, W]: -1, 0 or 1."""
        levels = levels.detach().requires_grad_()
        logits = self.module(as_input(normalise(levels, self.mean, self.std), levels.device, self.macs))
        return gradient_of(logits, labels, levels).sign_()


def gradient_of(logits: Tensor, labels: Tensor, images: Tensor) -> Tensor:
    """The gradient of `excess` by the images from which the logits were made. Raises UserError if it is not finite."""
    (gradient,) = torch.autograd.grad(excess(logits, labels), images)
    if not gradient.isfinite().all():
        raise UserError(
            "The network cannot be attacked: its gradient by the image is not finite, so look whether its weights hold "
            "NaN or its training diverged."
        )
    found: Tensor = gradient
    return found


def excess(logits: Tensor, labels: Tensor) -> Tensor:
    """The sum over the images of s, see above: how far the other classes are ahead of the true one.

    Raises:
        UserError: the logits are not [N, classes], or a label names no class.
    """
    classes = logits.shape[-1]
    if logits.ndim != 2 or classes < 2:
        raise UserError(f"A network to be attacked must give logits of two classes or more, not {list(logits.shape)}.")
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        wrong = int(labels.min()) if int(labels.min()) < 0 else int(labels.max())
        raise UserError(f"Label {wrong} names no class: the network to be attacked has {classes}, numbered from 0.")
    true = labels[:, None]
    others = logits.scatter(1, true, float("-inf"))
    return (others.logsumexp(dim=1) - logits.gather(1, true)[:, 0]).sum()


def fgsm(reach: Reach) -> Tensor:
    """One step of eps in the direction in which the loss grows."""
    return (reach.clean + reach.eps * reach.direction(reach.clean)).clamp_(reach.low, reach.high)


def pgd(reach: Reach) -> Tensor:
    """`STEPS` steps from a random start, back into reach after each."""
    words = reach.draws.words(reach.clean[0].numel())
    found = words.float().add_(0.5).mul_(2 * reach.eps / WORDS).sub_(reach.eps).view(reach.clean.shape)
    found = found.add_(reach.clean).clamp_(reach.low, reach.high)
    for _ in range(STEPS):
        found = (found + STEP * reach.eps * reach.direction(found)).clamp_(reach.low, reach.high)
    return found


def _attack(
    network: _Network,
    images: Tensor,
    labels: Tensor,
    draws: Draws,
    function: Callable[[Reach], Tensor],
    eps: int,
    size: int,
) -> Tensor:
    """The attacked images of a part of at most `size`."""
    count = len(images)
    repeated = torch.arange(size, device=images.device).clamp_(max=count - 1)
    clean, truth = images[repeated].float(), labels.to(images.device)[repeated]
    low, high = (clean - eps).clamp_(min=0), (clean + eps).clamp_(max=255)
    direction = partial(network.direction, labels=truth)
    found = function(Reach(clean, low, high, eps, Draws(draws.keys[repeated]), direction))
    # The limits are whole numbers, so rounding stays within them.
    return found[:count].round_().to(torch.uint8)


@contextmanager
def _attacked(module: nn.Module, mean: Sequence[float], std: Sequence[float], images: Tensor) -> Iterator[_Network]:
    """The module in evaluation mode, with gradients even where the caller has none; then as it was."""
    channels, height, width = images.shape[1:]
    modes = {part: part.training for part in module.modules()}
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(images.device.type, enabled=False):
        macs = count_macs(module, (channels, height, width))
        try:
            module.eval()
            with settled(macs):
                yield _Network(module, mean, std, macs)
        finally:
            for part, mode in modes.items():
                part.training = mode


def _check_labels(images: Tensor, labels: Tensor) -> None:
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        given = f"{list(labels.shape)} of {labels.dtype}" if isinstance(labels, Tensor) else type(labels).__name__
        raise UserError(f"There must be one label, int64, for each of the {len(images)} images to attack, not {given}.")


FGSM = Attack("fgsm", "FGSM", fgsm)
PGD = Attack("pgd", "PGD", pgd)
