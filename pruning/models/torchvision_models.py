"""torchvision's image classifiers, freshly initialised and fitted to the data at hand.

torchvision takes seconds to import, so that it is imported when a network of its is asked for.
"""

from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from pruning.errors import UserError, nearest

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

    if name not in torchvision_names():
        guess = nearest(name, torchvision_names())
        hint = f"did you mean '{PREFIX}{guess}'?" if guess else "for example 'torchvision/resnet18'."
        raise UserError(f"Unknown torchvision classifier '{name}'; {hint}")
    try:
        model: nn.Module = torchvision.models.get_model(
            name, weights=None, num_classes=num_classes, **_settings(name, shape)
        )
        _adapt_channels(model, shape[0])
        _adapt_squeezenet(model)
        if check:
            _try_out(model, shape)
    except (RuntimeError, ValueError, AssertionError) as error:
        size = f"{shape[1]}x{shape[2]}"
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise UserError(
            f"The model '{PREFIX}{name}' cannot read images of {size} pixels ({reason}); "
            "take larger images or a network made for small ones, such as 'resnet20'."
        ) from error
    return model


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


def _try_out(model: nn.Module, shape: tuple[int, int, int]) -> None:
    """Runs two images through the network by shape alone, which costs no arithmetic; raises what torch raises."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    shapes = {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors.items()}
    model.eval()
    with torch.no_grad():
        functional_call(model, shapes, (torch.empty(2, *shape, device="meta"),))
    model.train()
