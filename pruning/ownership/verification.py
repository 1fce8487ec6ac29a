"""A claim put to the test: what a ticket's masks and its answers say of an owner's code."""

from dataclasses import dataclass

from pruning.errors import UserError
from pruning.ownership.code import Code
from pruning.ownership.mark import CLAIM, Evidence, evidence
from pruning.ownership.permutation import realigned
from pruning.ownership.triggers import Answers, answers, triggers
from pruning.tasks import get_task
from pruning.ticket import Ticket

TRIGGERS = 50
"""Images that an owner asks for, where nothing is said."""


def white_box(suspect: Ticket, code: Code, reference: Ticket | None = None) -> Evidence:
    """Return what speaks for the code in a ticket's masks.

    With the owner's own ticket as `reference` the suspect's hidden channels are first matched to the owner's, the
    window of the code left out, and the code is looked for where the owner's ticket has it. That ticket must have been
    deposited before the dispute: who may choose it afterwards can choose channels that agree with any code.

    Raises:
        UserError: the code fits in no layer, the two tickets are of different networks, the reference does not hold
            the code, or the network cannot be traced.
    """
    if reference is None:
        return evidence(suspect.masks, code)
    own = evidence(reference.masks, code)
    if not own.holds:
        raise UserError(
            f"The reference {reference.id} does not hold the code itself (p = {own.p_value:.2g}); give the ticket that "
            "was signed with it."
        )
    shapes, others = ({name: mask.shape for name, mask in ticket.masks.items()} for ticket in (suspect, reference))
    if shapes != others:
        raise UserError(
            f"Ticket {suspect.id} and the reference {reference.id} are not of the same network, so that their channels "
            "cannot be matched; leave the reference out."
        )
    held_out = (code, own.place)
    _, masks = realigned(suspect.model(), suspect.masks, suspect.info.shape, reference.masks, held_out)
    return evidence(masks, code, own.place)


def black_box(suspect: Ticket, code: Code, count: int = TRIGGERS) -> Answers:
    """Return what speaks for the owner in a ticket's answers to so many trigger images.

    Raises:
        UserError: the ticket does not classify images.
    """
    if not get_task(suspect.recipe.task).classifies_images:
        raise UserError(f"Ticket {suspect.id} does not classify images, so trigger images ask it nothing.")
    info = suspect.info
    shown = triggers(code, info.shape, len(info.classes), count)
    return answers(suspect.model(), shown, len(info.classes), info.mean, info.std)


@dataclass(frozen=True)
class Verdict:
    """Both ways to look at a claim; `black` is None where the ticket does not classify images."""

    white: Evidence
    black: Answers | None

    @property
    def holds(self) -> bool:
        """Whether either proves the claim of a text that was there before the network could be looked at."""
        return self.white.holds or (self.black is not None and self.black.holds)

    @property
    def undated(self) -> bool:
        """Whether it is proven whenever the text was written; only masks can, as any number of texts may be tried."""
        return self.white.undated < CLAIM


def verify(suspect: Ticket, code: Code, reference: Ticket | None = None, count: int = TRIGGERS) -> Verdict:
    """Put an owner's claim to the test by `white_box` and, where the ticket classifies images, `black_box`."""
    classifies = get_task(suspect.recipe.task).classifies_images
    white = white_box(suspect, code, reference)
    return Verdict(white, black_box(suspect, code, count) if classifies else None)
