"""Tickets' networks, ready to be shown images, and attacks on them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analysis.corruptions.attacks import attack
from analysis.metrics import geometry
from pruning.data import normalise
from pruning.errors import UserError
from pruning.library import copied
from pruning.models import NoClassifier, class_directions, count_macs, features_and_logits, is_users_own, prunable
from pruning.models.classifier import LEFT_OUT, widened
from pruning.models.inspection import Shape
from pruning.models.outputs import the_logits
from pruning.models.trial import reason_of
from pruning.ticket import Ticket
from pruning.training.precision import SMALL_NETWORK, Precision, as_input, autocast, pick_precision, prepare, settled

AnyNetwork = nn.Module | Callable[[Tensor], Any]
AT_ONCE = 500
"""Images of those of which logits alone are wanted."""
Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Output:
    """What a network makes of a batch.

    Attributes:
        features: float32 [N, D], the input of the classifier.
        logits: float32 [N, K].
        activations: the outputs of modules that were asked for, by name.
        gradients: those of the parameters by name, where they were asked for.
    """

    features: Tensor
    logits: Tensor
    activations: Mapping[str, Tensor] = field(default_factory=dict)
    gradients: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Network:
    """A ticket's network, with what its geometry needs worked out once.

    `weight` [K, D] and `bias` [K] are the classifier's, `gaps` [K, K] the distances of its class directions, `macs`
    multiply-adds an image. Where logits are not linear in features, `without` says why, and D is 1 and all of it nan.
    """

    module: nn.Module
    weight: Tensor
    bias: Tensor
    gaps: Tensor
    macs: int
    precision: Precision
    device: torch.device
    mean: tuple[float, ...]
    std: tuple[float, ...]
    without: str = ""

    @classmethod
    def of(cls, ticket: Ticket, device: torch.device, precision: str = "auto") -> Self:
        """Build the ticket's network on the device, in the precision asked for (as for `pick_precision`)."""
        info, module = ticket.info, ticket.model().eval()
        ways = tuple(info.mean), tuple(info.std)
        macs = _macs_of(ticket, module)
        return cls._around(module, macs, len(info.classes), info.shape, device, precision, *ways, f"Ticket {ticket.id}")

    @classmethod
    def around(
        cls,
        model: AnyNetwork,
        shape: Shape,
        normalisation: Normalisation,
        device: torch.device,
        precision: str = "auto",
    ) -> Self:
        """Take a network that is at hand: a copy of a module, or a function from normalised images to logits.

        The precision is that asked for (as for `pick_precision`).

        Raises:
            UserError: it cannot read images of `shape` (C, H, W), or gives no logits [N, K].
        """
        module = (copied(model) if isinstance(model, nn.Module) else _Function(model)).to(device).eval()
        classes = _count_classes(module, shape, device)
        return cls._around(
            module, count_macs(module, shape), classes, shape, device, precision, *normalisation, "The network"
        )

    @classmethod
    def _around(
        cls,
        module: nn.Module,
        macs: int,
        classes: int,
        shape: Shape,
        device: torch.device,
        precision: str,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        name: str,
    ) -> Self:
        module = prepare(module, device, macs)
        without = ""
        try:
            weight, bias = class_directions(module, shape)
        except NoClassifier as error:
            without = f"{name}: {LEFT_OUT}. {error}"
            weight, bias = (torch.full(size, torch.nan, device=device) for size in ((classes, 1), (classes,)))
        gaps, chosen = geometry.class_gaps(weight), pick_precision(precision, macs, device)
        return cls(module, weight, bias, gaps, macs, chosen, device, mean, std, without)

    @property
    def classes(self) -> int:
        """How many classes it knows."""
        return len(self.bias)

    def show(
        self,
        images: Tensor,
        labels: Tensor,
        inputs: dict[object, Tensor],
        layers: Collection[str] = (),
        gradients: bool = False,
    ) -> Output:
        """What the network makes of a batch, in one forward pass.

        Args:
            images: uint8 [N, C, H, W], on the device.
            labels: int64 [N], which gradients are of.
            inputs: keeps the normalised batch for the networks that want it in the same form.
            layers: modules whose outputs are wanted, by name.
            gradients: whether those of the summed cross-entropy by the parameters are.
        """
        form = (self.mean, self.std, self.macs >= SMALL_NETWORK)
        if form not in inputs:
            with torch.inference_mode(not gradients):
                inputs[form] = as_input(normalise(images, self.mean, self.std), self.device, self.macs)
        with torch.inference_mode(not gradients), settled(self.macs), _caught(self.module, layers) as activations:
            with autocast(self.precision, self.device):
                if not gradients:
                    return Output(*self.run(inputs[form]), activations)
                with torch.enable_grad():
                    # What was made for others in inference mode cannot be kept for the way back.
                    features, logits = self.run(inputs[form].clone())
                    found = self._gradients(logits, labels)
            return Output(features.detach(), logits.detach(), activations, found)

    def logits(self, images: Tensor) -> Tensor:
        """Of any number of images, uint8 [N, C, H, W]: float32 [N, K], on the CPU."""
        parts, none = images.split(AT_ONCE), torch.empty(0)
        return torch.cat([self.show(part.to(self.device), none, {}).logits.float().cpu() for part in parts])

    def run(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features and logits of what the module takes in, such as normalised images."""
        if not self.without:
            return features_and_logits(self.module, x)
        return torch.full((len(x), 1), torch.nan, device=x.device), widened(self.module(x))

    def _gradients(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        parameters = dict(self.module.named_parameters())
        floating = {name: value for name, value in parameters.items() if value.is_floating_point()}
        loss = F.cross_entropy(logits, labels, reduction="sum")
        given = torch.autograd.grad(loss, list(floating.values()), allow_unused=True)
        found = {name: gradient for name, gradient in zip(floating, given, strict=True) if gradient is not None}
        return {name: found.get(name, torch.zeros_like(value)) for name, value in parameters.items()}

    def attacked(self, images: Tensor, labels: Tensor, name: str, severity: int, *, seed: int, index: Tensor) -> Tensor:
        """The images as this network minds them most; arguments and errors as for `attacks.attack`."""
        return attack(self.module, images, labels, name, severity, mean=self.mean, std=self.std, seed=seed, index=index)


_MACS: dict[object, int] = {}
"""A kind of network of those that ship -> its multiply-adds: a third of what it takes to have one ready."""


def _macs_of(ticket: Ticket, module: nn.Module) -> int:
    if is_users_own(ticket.recipe.model):  # another may have the same name
        return count_macs(module, ticket.info.shape)
    sizes = tuple((name, value.shape) for name, value in ticket.state.items())
    kind = ticket.recipe.model, ticket.info.shape, sizes
    if kind not in _MACS:
        _MACS[kind] = count_macs(module, ticket.info.shape)
    return _MACS[kind]


class _Function(nn.Module):
    """A function from normalised images to logits, as a module."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        """Give what the function gives, or the logits among it, as a tensor on the images' device."""
        found = torch.as_tensor(the_logits(self.function(images))).to(images.device, torch.float32)
        if found.ndim == 2 and len(found) != len(images):
            raise UserError(
                f"Of {len(images)} images the function gives {len(found)} rows of logits; it must give one an image."
            )
        return found


@torch.no_grad()
def _count_classes(module: nn.Module, shape: Shape, device: torch.device) -> int:
    try:
        given = module(torch.zeros(2, *shape, device=device))
    except UserError:
        raise
    except Exception as error:  # a network's own code may raise anything
        raise UserError(f"The network cannot read images of shape {shape} ({reason_of(error)}).") from error
    if not isinstance(given, Tensor) or given.ndim != 2 or len(given) != 2:
        what = list(given.shape) if isinstance(given, Tensor) else f"a {type(given).__name__}"
        raise UserError(f"Of 2 images the network gives {what}; it must give logits alone, a row an image: wrap it.")
    return given.shape[1]


def largest(networks: Mapping[str, Network]) -> int:
    """Multiply-adds an image of the largest of them; 0 where there is none."""
    return max((network.macs for network in networks.values()), default=0)


def weighted_layers(module: nn.Module) -> Sequence[str]:
    """The modules that have a prunable weight, by name, in the order of the modules."""
    return list(dict.fromkeys(name.rpartition(".")[0] for name in prunable(module)))


@contextmanager
def _caught(module: nn.Module, layers: Collection[str]) -> Iterator[dict[str, Tensor]]:
    """The outputs of modules by name, each as soon as it is there: of one batch, and of its last call."""
    found: dict[str, Tensor] = {}

    def catch(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_: nn.Module, inputs: object, output: object) -> None:
            value = output[0] if isinstance(output, tuple) else output
            if isinstance(value, Tensor):
                found[name] = value.detach()

        return hook

    handles = [module.get_submodule(name).register_forward_hook(catch(name)) for name in layers]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
