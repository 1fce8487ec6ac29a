"""torchvision's image classifiers, freshly initialised and fitted to the data at hand.

torchvision takes seconds to import, so that it is imported when a network of its is asked for.
"""

from types import MethodType
from typing import Any

from torch import nn

from pruning.errors import UserError, nearest
from pruning.models.trial import fits, try_out

PREFIX = "torchvision/"


def build_torchvision(name: str, num_classes: int, shape: tuple[int, int, int], check: bool = True) -> nn.Module:
    """A classifier of torchvision without trained weights (nothing is downloaded).

    Differs from torchvision's own in this: images of other than three channels get a new first convolution; GoogLeNet
    and Inception have no auxiliary heads; vision transformers are made for the size of the images; SqueezeNet's head
    of convolution, ReLU and pooling becomes pooling and an equal linear layer, so that it has class directions.

    Without `check` it is not tried out whether the images fit.

    Raises:
        UserError: the name is unknown or the images do not fit the network.
    """
    import torchvision

    check_torchvision_name(name)
    with fits(f"{PREFIX}{name}", shape):
        model: nn.Module = torchvision.models.get_model(
            name, weights=None, num_classes=num_classes, **_settings(name, shape)
        )
        _adapt_channels(model, shape[0])
        _adapt_squeezenet(model)
        _adapt_mnasnet(model)
        if check:
            try_out(model, shape)
    return model


def check_torchvision_name(name: str) -> None:
    """Raise UserError, with the nearest name, where torchvision has no classifier of a name."""
    if name not in torchvision_names():
        guess = nearest(name, torchvision_names())
        hint = f"did you mean '{PREFIX}{guess}'?" if guess else "for example 'torchvision/resnet18'."
        raise UserError(f"Unknown torchvision classifier '{name}'; {hint}")


def torchvision_names() -> list[str]:
    """The names of torchvision's classifiers, without `PREFIX`."""
    import torchvision

    return list(torchvision.models.list_models(module=torchvision.models))


def _settings(name: str, shape: tuple[int, int, int]) -> dict[str, Any]:
    _, height, width = shape
    if name in ("googlenet", "inception_v3"):
        return {"aux_logits": False, "init_weights": True}
    if name.startswith("maxvit"):
        return {"input_size": (height, width)}
    if name.startswith("vit"):
        if height != width:
            raise ValueError("vision transformers want square images")
        return {"image_size": height}
    return {}


def _adapt_channels(model: nn.Module, channels: int) -> None:
    """Replaces the first convolution by one that reads `channels` channels and is otherwise the same."""
    name, first = next((n, m) for n, m in model.named_modules() if isinstance(m, nn.Conv2d))
    if first.in_channels == channels:
        return
    fitted = nn.Conv2d(
        channels,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]
        first.stride,  # type: ignore[arg-type]
        first.padding,  # type: ignore[arg-type]
        first.dilation,  # type: ignore[arg-type]
        bias=first.bias is not None,
    )
    nn.init.kaiming_normal_(fitted.weight, mode="fan_out", nonlinearity="relu")
    model.set_submodule(name, fitted)


def _adapt_squeezenet(model: nn.Module) -> None:
    import torchvision

    if not isinstance(model, torchvision.models.SqueezeNet):
        return
    dropout, convolution = model.classifier[0], model.classifier[1]
    linear = nn.Linear(convolution.in_channels, convolution.out_channels)
    nn.init.normal_(linear.weight, std=0.01)
    nn.init.zeros_(linear.bias)
    # The linear layer takes the convolution's place, classifier.1, so that its parameters keep their names.
    pooling = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), dropout)
    model.classifier = nn.Sequential(pooling, linear)


def _adapt_mnasnet(model: nn.Module) -> None:
    """Let it load plain tensors, of which it asks for a version that tells today's stem from an earlier one."""
    import torchvision

    if isinstance(model, torchvision.models.MNASNet):
        model._load_from_state_dict = MethodType(nn.Module._load_from_state_dict, model)
