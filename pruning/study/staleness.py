"""Which tickets were found by an earlier revision of a finder, a criterion or a structure that was mended since."""

from pruning.criteria import CRITERIA
from pruning.finders.lineage import own_revisions, revisions
from pruning.granularity import GRANULARITIES
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.commands import finding
from pruning.study.folder import Entry, Study
from pruning.ticket import TicketInfo


def stale(entry: Entry, known: dict[str, dict[str, int]] | None = None) -> str:
    """The sentence for a ticket that would come out otherwise today, '' for one that would not.

    `known`: see `lineage.revisions`.
    """
    reason = mended_since(entry.recipe, entry.info, known)
    if not reason:
        return ""
    command = finding(entry.path.parent.parent, "--stale")
    return f"{entry.recipe.label}, seed {entry.recipe.seed}: {reason}; `{command}` finds it again."


def mended_since(recipe: Recipe, info: TicketInfo, known: dict[str, dict[str, int]] | None = None) -> str:
    """What was mended since the ticket was found: its finder, criterion or structure, or one of what it descends from.

    '' where nothing was. A ticket that records no revision was found by the first. `known`: see `lineage.revisions`.
    """
    return _mended(recipe, info, _today(recipe, known)) if _any_was() else ""


def stale_tickets(study: Study) -> dict[str, str]:
    """The sentence for each stale ticket of a study, by id."""
    if not _any_was():
        return {}
    known: dict[str, dict[str, int]] = {}
    today: dict[str, dict[str, int]] = {}  # by family, as no seed changes what a ticket comes through
    found = {}
    for entry in [*study.entries(), *study.elsewhere()]:
        own = today.get(entry.recipe.family)
        if own is None:
            own = today[entry.recipe.family] = _today(entry.recipe, known)
        if _mended(entry.recipe, entry.info, own):
            found[entry.id] = stale(entry, known)
    return found


def _any_was() -> bool:
    return any(thing.revision != 1 for kind in (FINDERS, CRITERIA, GRANULARITIES) for thing in kind.values())


def _today(recipe: Recipe, known: dict[str, dict[str, int]] | None) -> dict[str, int]:
    return own_revisions(recipe) | revisions(recipe, known)


def _mended(recipe: Recipe, info: TicketInfo, today: dict[str, int]) -> str:
    for name, now in today.items():
        then = info.revisions.get(name, 1)
        if then < now:
            kind, _, key = name.partition(" ")
            of_recipe = {"finder": recipe.finder, "criterion": recipe.criterion, "structure": recipe.granularity.name}
            own = of_recipe[kind] == key
            whose = f"its {kind} '{key}'" if own else f"the {kind} '{key}' of a ticket it comes from"
            return f"{whose} was mended since (revision {then}, now {now})"
    return ""


def summary(study: Study) -> str:
    """All stale tickets of a study in one sentence, '' when there is none."""
    sentences = list(stale_tickets(study).values())
    if len(sentences) < 2:
        return "".join(sentences)
    return f"{len(sentences)} tickets are stale; the first: {sentences[0]}"
