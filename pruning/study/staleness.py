"""Which tickets would come out otherwise today: a finder, criterion or structure was mended, or a file is another."""

from collections.abc import Mapping

from pruning.criteria import CRITERIA
from pruning.files import digest_of_named
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
    reason = changed_since(entry.recipe, entry.info, known)
    return _sentence(entry, reason) if reason else ""


def changed_since(recipe: Recipe, info: TicketInfo, known: dict[str, dict[str, int]] | None = None) -> str:
    """What changed since the ticket was found: its finder, criterion or structure was mended, or one of an ancestor.

    Or a file of the user's that it came through is another; one that is not here counts as the same. '' where nothing
    changed. A ticket that records no revision was found by the first. `known`: see `lineage.revisions`.
    """
    mended = _mended(recipe, info, _today(recipe, known)) if _any_was() else ""
    return mended or _other_file(info, {name: digest_of_named(name) for name in info.files})


def stale_tickets(study: Study) -> dict[str, str]:
    """The sentence for each stale ticket of a study, by id."""
    entries = [*study.entries(), *study.elsewhere()]
    files = {name: digest_of_named(name) for name in {name for entry in entries for name in entry.info.files}}
    known: dict[str, dict[str, int]] = {}
    today: dict[str, dict[str, int]] = {}  # by family, as no seed changes what a ticket comes through
    found = {}
    for entry in entries:
        own = today.get(entry.recipe.family)
        if own is None:
            own = today[entry.recipe.family] = _today(entry.recipe, known)
        if reason := _mended(entry.recipe, entry.info, own) or _other_file(entry.info, files):
            found[entry.id] = _sentence(entry, reason)
    return found


def _sentence(entry: Entry, reason: str) -> str:
    command = finding(entry.path.parent.parent, "--stale")
    return f"{entry.recipe.label}, seed {entry.recipe.seed}: {reason}; `{command}` finds it again."


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


def _other_file(info: TicketInfo, now: Mapping[str, str]) -> str:
    """What is said of the first file that is another than the one that the ticket came through."""
    others = (name for name, digest in info.files.items() if now[name] not in ("", digest))
    return next((f"the file {name} that it was found with is another since" for name in others), "")


def summary(study: Study) -> str:
    """All stale tickets of a study in one sentence, '' when there is none."""
    sentences = list(stale_tickets(study).values())
    if len(sentences) < 2:
        return "".join(sentences)
    return f"{len(sentences)} tickets are stale; the first: {sentences[0]}"
