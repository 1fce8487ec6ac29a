"""`sensitivity`: the more a network minds a layer being pruned alone, the more that layer keeps.

How much it minds is measured by `python -m analysis sensitivity`, which prints the option `sensitivities` of a study.
"""

from pydantic import field_validator

from pruning.allocation.base import Allocation, Layers
from pruning.errors import UserError, few, nearest
from pruning.validation import Options, option


class SensitivityOptions(Options):
    """Options of `sensitivity`."""

    sensitivities: dict[str, float] = option(
        ..., "Sensitivities", "of every layer, in any unit: densities in proportion"
    )

    @field_validator("sensitivities")
    @classmethod
    def _positive(cls, given: dict[str, float]) -> dict[str, float]:
        bad = [name for name, value in given.items() if not value > 0]
        if bad:
            raise ValueError(f"a sensitivity is above 0, and that of {few(bad)} is not.")
        return given


def shares(layers: Layers, options: Options) -> dict[str, float]:
    """Densities in proportion to the sensitivities, at most 1.

    Raises:
        UserError: a layer has none, or one is named that there is not.
    """
    assert isinstance(options, SensitivityOptions)
    given = {name.removesuffix(".weight"): value for name, value in options.sensitivities.items()}
    known = {name.removesuffix(".weight"): name for name in layers.scores}
    for name in given.keys() - known.keys():
        guess = nearest(name, known)
        hint = f" Did you mean '{guess}'?" if guess else ""
        raise UserError(f"`sensitivities` names '{name}', which is no prunable layer.{hint}")
    missing = [name for name in known if name not in given]
    if missing:
        raise UserError(f"`sensitivities` says nothing of {few(missing)}; give every prunable layer one.")
    return {name: given[short] * layers.sizes[name] for short, name in known.items()}


SENSITIVITY = Allocation("sensitivity", "by the sensitivity scan", None, options=SensitivityOptions, shares=shares)
