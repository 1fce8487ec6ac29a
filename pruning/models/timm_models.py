"""timm's image classifiers, freshly initialised and fitted to the data at hand. timm is an optional package."""

from importlib.util import find_spec
from types import ModuleType
from typing import Any

from torch import nn

from pruning.errors import UserError, nearest
from pruning.models.trial import fits, try_out

PREFIX = "timm/"


def build_timm(name: str, num_classes: int, shape: tuple[int, int, int], check: bool = True) -> nn.Module:
    """A classifier of timm's without trained weights (nothing is downloaded).

    Networks whose weights depend on the size of the images, such as vision transformers, are made for that of the data.

    Without `check` it is not tried out whether the images fit.

    Raises:
        UserError: timm is not installed, the name is unknown, or the images do not fit the network.
    """
    timm = _timm()
    names = timm.list_models()
    if name not in names:  # what timm would fetch from elsewhere, `hf-hub:...`, is not among them
        guess = name.partition(".")[0] if name.partition(".")[0] in names else nearest(name, names)
        hint = f"did you mean '{PREFIX}{guess}'?" if guess else "for example 'timm/resnet18'."
        raise UserError(f"Unknown classifier of timm '{name}'; {hint}")
    sized = timm.get_pretrained_cfg_value(name, "fixed_input_size")
    size: dict[str, Any] = {"img_size": shape[1:]} if sized else {}
    with fits(f"{PREFIX}{name}", shape):
        model: nn.Module = timm.create_model(name, pretrained=False, num_classes=num_classes, in_chans=shape[0], **size)
        if check:
            try_out(model, shape)
    return model


def _timm() -> ModuleType:
    if find_spec("timm") is None:
        raise UserError(
            f"Networks called '{PREFIX}NAME' need the package timm, which is not installed: pip install timm."
        )
    import timm.models

    models: ModuleType = timm.models
    return models
