"""What is said where a ticket that is written is there already under another name."""

from pathlib import Path

from pruning.ticket import Ticket, read_header


def renaming(file: Path, ticket: Ticket) -> list[str]:
    """That the same weights and masks were called something else, as a sentence; none where they were not.

    Args:
        file: where the ticket goes; equal weights and masks have one id, and so one file.
        ticket: as it is about to be written.
    """
    if not file.exists():
        return []
    before, now = read_header(file).recipe.name, ticket.recipe.name
    same = f"The same weights and masks were there already, as '{before}' ({ticket.id}); they are called '{now}' now."
    return [same] if before != now else []
