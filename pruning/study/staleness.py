"""Which tickets were found by an earlier revision of a finder or a criterion that was mended since."""

from pruning.criteria import CRITERIA
from pruning.finders.lineage import own_revisions, revisions
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.folder import Entry, Study
from pruning.ticket import TicketInfo


def stale(entry: Entry, known: dict[str, dict[str, int]] | None = None) -> str:
    """The sentence for a ticket that would come out otherwise today, '' for one that would not.

    `known`: see `lineage.revisions`.
    """
    reason = mended_since(entry.recipe, entry.info, known)
    if not reason:
        return ""
    command = f"python -m pruning run {entry.path.parent.parent} --stale"
    return f"{entry.recipe.label}, seed {entry.recipe.seed}: {reason}; `{command}` finds it again."


def mended_since(recipe: Recipe, info: TicketInfo, known: dict[str, dict[str, int]] | None = None) -> str:
    """What was mended since the ticket was found: its finder or criterion, or one of a ticket it descends from.

    '' where nothing was. A ticket that records no revision was found by the first. `known`: see `lineage.revisions`.
    """
    if all(thing.revision == 1 for kind in (FINDERS, CRITERIA) for thing in kind.values()):
        return ""
    own = (f"finder {recipe.finder}", f"criterion {recipe.criterion}")
    for name, now in (own_revisions(recipe) | revisions(recipe, known)).items():
        then = info.revisions.get(name, 1)
        if then < now:
            kind, _, key = name.partition(" ")
            whose = f"its {kind} '{key}'" if name in own else f"the {kind} '{key}' of a ticket it comes from"
            return f"{whose} was mended since (revision {then}, now {now})"
    return ""


def stale_tickets(study: Study) -> dict[str, str]:
    """The sentence for each stale ticket of a study, by id."""
    known: dict[str, dict[str, int]] = {}
    found = {entry.id: stale(entry, known) for entry in [*study.entries(), *study.elsewhere()]}
    return {ticket: sentence for ticket, sentence in found.items() if sentence}


def summary(study: Study) -> str:
    """All stale tickets of a study in one sentence, '' when there is none."""
    sentences = list(stale_tickets(study).values())
    if len(sentences) < 2:
        return "".join(sentences)
    return f"{len(sentences)} tickets are stale; the first: {sentences[0]}"
