"""One ticket from a recipe that is written down as JSON: what `python -m pruning find` does."""

import json
import shlex
from pathlib import Path

from pruning.api import find_ticket
from pruning.cli.progress_bar import ProgressBar
from pruning.errors import UserError
from pruning.recipe import Recipe
from pruning.study.folder import SUFFIX
from pruning.ticket import Ticket
from pruning.validation import validate


def read_recipe(text: str) -> Recipe:
    """The recipe in a JSON text, which begins with a brace, or else in the file of that name.

    Raises:
        UserError: the file cannot be read, the text is not JSON, or the recipe says what is not allowed.
    """
    where = "--recipe"
    if not text.lstrip().startswith("{"):
        where = text
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"The recipe {where} cannot be read: {error}; give a file or the JSON itself.") from None
    try:
        plain = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where} is not JSON: {error}.") from None
    return validate(Recipe, plain, where)


def command(recipe: Recipe, study: Path) -> str:
    """The command line that finds the recipe's ticket again; the study's folder is named where it is needed, which is
    for imported weights."""
    plain = recipe.canonical() | ({"name": recipe.name} if recipe.name else {})
    parts = ["python", "-m", "pruning", "find", "--recipe", json.dumps(plain)]
    if recipe.start is not None:
        parts += ["--study", str(study)]
    return shlex.join([*parts, "--out", f"{recipe.id}{SUFFIX}"])


def find(
    recipe: Recipe,
    out: Path | None = None,
    study: Path | None = None,
    device: str = "auto",
    root: Path | None = None,
    download: bool = False,
) -> tuple[Ticket, Path]:
    """Find a recipe's ticket, with a progress bar, and write it; by default to ID.safetensors.

    `study` is the folder of the study whose imported weights the recipe starts from.

    Raises:
        UserError: as `pruning.api.find_ticket`, or the recipe starts from imported weights and no study is given.
    """
    if recipe.start is not None and study is None:
        raise UserError("This recipe starts from imported weights; add --study with the folder of their study.")
    weights = study if recipe.start is not None else None
    with ProgressBar(f"{recipe.label}, seed {recipe.seed}") as progress:
        ticket = find_ticket(recipe, progress, device, root, download, weights)
    path = out or Path(f"{recipe.id}{SUFFIX}")
    ticket.save(path)
    return ticket, path
