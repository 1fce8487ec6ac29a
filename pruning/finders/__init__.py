"""Finders: the procedures round a criterion. Importing this package registers them in `FINDERS`.

A new finder is a file here with a `Finder` in it. Recipes are written in terms of finders (which fields one uses,
with which defaults) and finders in terms of recipes; so that neither import waits for the other, the finders'
modules are read when first needed.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from pruning.errors import UserError, unknown

if TYPE_CHECKING:
    from pruning.finders.base import Finder

# The fields of a recipe that some finders use and others do not; one that is not used must be left out.
OPTIONAL_FIELDS = (
    "criterion",
    "allocation",
    "structure",
    "score_on",
    "score_per_class",
    "rewind",
    "rate",
    "begin",
    "until",
    "steps",
    "finetune",
    "of",
    "order",
    "search",
    "frozen",
    "margin",
    "restrict",
    "distance",
    "patience",
)


@cache
def _load() -> "dict[str, Finder]":
    from pruning.finders.base import Finder

    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Finder)]
    return {finder.name: finder for finder in found}


def all_finders() -> "dict[str, Finder]":
    """The finders by name."""
    return _load()


def get_finder(name: str) -> "Finder":
    """The finder of that name; UserError with the nearest one when there is none."""
    finders = _load()
    if name not in finders:
        raise unknown("finder", name, finders)
    return finders[name]


def finder_label(name: str) -> str:
    """The name for people of the finder of that name, '' when there is none."""
    finder = _load().get(name)
    return finder.label if finder else ""


def procedure(name: str) -> str:
    """What the finder of that name does, in words."""
    return get_finder(name).words


def default_search(name: str, training: dict[str, Any]) -> dict[str, Any]:
    """The fields of `search` that the finder of that name takes when none are given beside this training; empty for
    a finder that does not search, or is not known: the recipe will say so, and where."""
    finder = _load().get(name)
    default = finder.uses.get("search") if finder is not None else None
    found = default({"training": training}) if callable(default) else default
    return found.model_dump() if isinstance(found, BaseModel) else {}


def complete(fields: dict[str, Any]) -> dict[str, Any]:
    """A recipe's fields with its finder's defaults written out.

    Raises:
        UserError: unknown finder or criterion, a field that the finder does not use, or one it needs and lacks.
    """
    from pruning.criteria import get_criterion

    name = fields.setdefault("finder", "one_shot")
    finder = get_finder(name)
    if isinstance(fields.get("criterion"), str):
        get_criterion(fields["criterion"])
    for key in OPTIONAL_FIELDS:
        if fields.get(key) is not None and key not in finder.uses:
            usable = ", ".join(finder.uses) or "none"
            raise UserError(f"Finder '{name}' does not use '{key}'; of the optional keys it uses: {usable}.")
    allocation = fields.get("allocation")  # as the user has it
    for key, default in finder.uses.items():
        if fields.get(key) is None:
            fields[key] = default(fields) if callable(default) else default
    if isinstance(fields.get("structure"), str):
        _structure(finder, fields, allocation)
    _check_criterion(fields)
    if fields.get("score_on") == "init":
        fields["finetune"] = None  # nothing is fine-tuned there, so that it must not enter the id
    if fields.get("start") is not None:
        _start(name, fields)
    needed = finder.needs
    if needed and fields.get(needed) is None:
        raise UserError(f"Finder '{name}' needs '{needed}'.")
    if needed == "of":
        of = fields["of"]
        fields["sparsity"] = of["sparsity"] if isinstance(of, dict) else of.sparsity
    return fields


def _structure(finder: "Finder", fields: dict[str, Any], allocation: object) -> None:
    """What a structure decides in place of the user: its sparsity, and whether there is anything to allocate."""
    from pruning.granularity import get_structure
    from pruning.masks import check_fixed

    structure = get_structure(fields["structure"])
    fields["structure"] = structure.name
    fixed = structure.fixed_sparsity
    if fixed is not None and finder.name != "one_shot":
        raise UserError(
            f"Finder '{finder.name}' prunes step by step, but structure '{structure.name}' has one sparsity only; "
            "take the finder 'one_shot'."
        )
    if fixed is not None:
        if isinstance(fields.get("sparsity"), (int, float)):
            check_fixed(structure, fields["sparsity"])
        fields["sparsity"] = fixed
    if not structure.allocates:
        if allocation is not None:
            raise UserError(f"Structure '{structure.name}' leaves nothing to allocate; leave 'allocation' out.")
        fields["allocation"] = None


def _check_criterion(fields: dict[str, Any]) -> None:
    """A criterion that scores one structure's pieces says nothing about those of another."""
    from pruning.criteria import get_criterion

    name, structure = fields.get("criterion"), fields.get("structure")
    wanted = get_criterion(name).structure if isinstance(name, str) else None
    if wanted is not None and structure != wanted:
        raise UserError(
            f"Criterion '{name}' scores what structure '{wanted}' removes, not single weights or other pieces; "
            f'give structure = "{wanted}".'
        )


def _start(name: str, fields: dict[str, Any]) -> None:
    """What imported weights mean for a recipe; they were trained elsewhere, so `dense` trains nothing."""
    if fields.get("frozen") in ("initial", "scaled"):
        fields["frozen"] = "trained"  # the first weights that are known are these
    if name in ("dense", "imported"):
        fields["training"] = {}  # so that it does not enter the id
        start = fields["start"]
        fields["sparsity"] = start.get("sparsity", 0.0) if isinstance(start, dict) else start.sparsity
        if fields.get("rewind") is not None:
            raise UserError(
                "Imported weights have no early training to rewind to; leave `rewind` out, or take the finder 'lrr' or "
                "'iterative', which rewind the learning rate or nothing."
            )
    elif name == "imp":
        raise UserError(
            "Finder 'imp' rewinds to the network's early training, which imported weights do not have; take 'lrr' "
            "(rewinds the learning rate only) or 'iterative' (fine-tunes)."
        )
