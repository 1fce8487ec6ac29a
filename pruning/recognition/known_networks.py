"""Which known network a state dict belongs to."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from torch import Tensor

from pruning.errors import UserError, few
from pruning.recognition.layers import is_beside
from pruning.recognition.matching import Match, match, wrong_channels, wrong_classes
from pruning.recognition.signatures import fitting, nearest, unlisted

HOW = "give the network itself with --model path/to/file.py:factory"


class SeveralFit(UserError):
    """A state dict fits several networks that differ in no shape; `models` are their names, the likelier first."""

    def __init__(self, models: Sequence[str]) -> None:
        names = ", ".join(models)
        super().__init__(f"The checkpoint fits several networks that differ in no shape ({names}); add --model NAME.")
        self.models = tuple(models)


def recognise(
    state: Mapping[str, Tensor], num_classes: int, shape: tuple[int, int, int], model: str | None = None
) -> Match:
    """The network that the state dict belongs to: `model` if it is given, else the only known one that fits.

    Raises:
        UserError: it does not fit, none does, several do, or it is for other data.
    """
    if model is not None:
        return match(state, model, num_classes, shape)
    found, errors = _tried(state, num_classes, shape)
    if len(found) == 1:
        return found[0]
    if found:
        raise SeveralFit([each.model for each in sorted(found, key=lambda each: not each.exact)])
    raise errors[0] if errors else _none(state)


def _tried(
    state: Mapping[str, Tensor], num_classes: int, shape: tuple[int, int, int]
) -> tuple[list[Match], list[UserError]]:
    tensors = {name: tensor for name, tensor in state.items() if not is_beside(name, tensor)}
    found: list[Match] = []
    errors: list[UserError] = []
    for name, sizes in fitting(tensors):
        if sizes.get("K", num_classes) != num_classes:
            errors.append(wrong_classes(sizes["K"], num_classes))
        elif sizes.get("C", shape[0]) != shape[0]:
            errors.append(wrong_channels(sizes["C"], shape[0]))
        else:
            try:
                found.append(match(state, name, num_classes, shape))
            except UserError as error:
                errors.append(error)
    for name in unlisted():
        with suppress(UserError):
            found.append(match(state, name, num_classes, shape))
    return found, errors


def _none(state: Mapping[str, Tensor]) -> UserError:
    if not any(tensor.ndim > 1 for tensor in state.values()):
        return UserError("The checkpoint holds no weights of layers (no tensor has two or more dimensions).")
    name, own, strange = nearest(state)
    total = sum(tensor.ndim > 1 for tensor in state.values())
    shared = total - len(strange)
    if shared == own:
        besides = few([f"'{each}' of {list(state[each].shape)}" for each in strange])
        return UserError(
            f"The checkpoint fits none of the known networks: it has the {own} weight tensors of '{name}', and besides "
            f"{besides}; take out what is not of the network, or {HOW}."
        )
    return UserError(
        f"The checkpoint fits none of the known networks (the nearest, '{name}', shares {shared} of its {total} weight "
        f"tensors); {HOW}."
    )
