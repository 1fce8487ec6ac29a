"""Which corruptions there are, by name and by family: those that ship, those of plugins, and those registered.

A corruption is a `Corruption` in a module of this package, and an attack, which needs the network, an `Attack`. Each
says which `Family` it belongs to: what belongs together, was published together, and is asked for by one name.
"""

from dataclasses import dataclass

from analysis.corruptions.corruption import Attack, Corruption
from pruning.errors import UserError, nearest
from pruning.registry import Registry

ARRAYS = "arrays"
"""The family of a name that belongs to none here: images that the user brought along."""

_PACKAGE = "analysis.corruptions"


@dataclass(frozen=True)
class Family:
    """Corruptions that were published together.

    Attributes:
        name: as in a study.toml.
        label: for people.
        paper: authors, title, place.
        order: the names of its corruptions as published. Those that are not named come after, as they were found.
        severities: those that a study measures of it; None for all that each corruption has.
        needs_network: whether the images depend on the network that they are shown to, so that `corrupt` cannot make
            them and `attacks.attack` does.
        pattern: stands for its members' names where these would be too many to list.
        image_by_image: whether a study keeps a row for each image, not just counts and means.
    """

    name: str
    label: str
    paper: str
    order: tuple[str, ...] = ()
    severities: tuple[int, ...] | None = None
    needs_network: bool = False
    pattern: str = ""
    image_by_image: bool = True

    @property
    def members(self) -> tuple[str, ...]:
        """The names of its corruptions, in their order."""
        kinds = (CORRUPTIONS, ATTACKS)
        found = [member.name for kind in kinds for member in kind.values() if member.family == self.name]
        places = {name: place for place, name in enumerate(self.order)}
        return tuple(sorted(found, key=lambda name: places.get(name, len(places))))


CORRUPTIONS: Registry[Corruption] = Registry("corruption", Corruption, _PACKAGE)
"""Those that need no network, by name."""

ATTACKS: Registry[Attack] = Registry("attack", Attack, _PACKAGE)
"""Those that need the network, by name."""

FAMILIES: Registry[Family] = Registry("family of corruptions", Family, _PACKAGE)
"""All families by name, in the order in which they are shown."""


def get_family(name: str) -> Family:
    """The family of that name. Raises UserError, with the nearest name, when there is none."""
    return FAMILIES.get_known(name)


def get_corruption(name: str) -> Corruption:
    """The corruption of that name. Raises UserError, with the nearest name, when there is none, or for an attack."""
    check_name(name)
    if name in ATTACKS:
        raise UserError(
            f"The corruption '{name}' needs the network that it attacks: take analysis.corruptions.attacks.attack, or "
            'name the family "adversarial" in a study.'
        )
    return CORRUPTIONS[name]


def _find(name: str) -> Corruption | Attack | None:
    """The corruption or attack of that name, if there is one."""
    return CORRUPTIONS.get(name) or ATTACKS.get(name)


def family_of(name: str) -> str:
    """The name of the family that a corruption belongs to; `ARRAYS` for a name that belongs to none."""
    found = _find(name)
    return found.family if found else ARRAYS


def severities_of(name: str) -> tuple[int, ...]:
    """The severities that a corruption of any family has. Raises UserError, with the nearest name, when none has it."""
    check_name(name)
    return (CORRUPTIONS.get(name) or ATTACKS[name]).severities


def version_of(name: str) -> int:
    """The version of a corruption of any family; 0 for a name that belongs to none."""
    found = _find(name)
    return found.version if found else 0


def label_of(name: str) -> str:
    """What a corruption of any family is called; an unknown one by its name in plain words."""
    found = _find(name)
    return found.label if found else name.replace("_", " ").capitalize()


def check_name(name: str) -> None:
    """Raises UserError, with the nearest name, unless a family has a corruption of that name."""
    if name in CORRUPTIONS or name in ATTACKS:
        return
    guess = nearest(name, [*CORRUPTIONS, *ATTACKS])
    hint = f" Did you mean '{guess}'?" if guess else ""
    known = [named for family in FAMILIES.values() if not family.pattern for named in family.members]
    patterns = [f"and {family.pattern}" for family in FAMILIES.values() if family.pattern]
    raise UserError(f"Unknown corruption '{name}'.{hint} Known: {', '.join([*known, *patterns])}.")
