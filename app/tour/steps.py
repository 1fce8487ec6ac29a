"""The steps of the tour: what is told, on which page, and what the URL says there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

OPTION = "tour"
"""Of the step in the URL."""
FEW = "dense~random-90~magnitude-90~imp-90"
KEPT = ("study",)
"""What a step leaves in the URL of what it finds there. All else goes: its words are true of its own view alone."""


class Step(NamedTuple):
    """What is told, on which page, and what the URL says there."""

    page: str
    title: str
    words: str
    view: Mapping[str, str]


STEPS = (
    Step("", "One question a card",
         "A **ticket** is a pruned network: a method at a sparsity. Each card answers one question about the tickets "
         "chosen at the left, never with more than the intervals say. Click a dot there to show or hide a ticket.", {}),
    Step("masks", "Which weights does each keep?",
         "Bars count the weights that these tickets keep together; orange marks say what chance would give. Random "
         "shares with nobody more than that.", {"masks": "many"}),
    Step("geometry", "What happens to the geometry?",
         "Every point is a test image under fog. Upwards is better: its feature is nearer to its own class than to any "
         "other. Draw around points and the same images are marked in every panel.",
         {"tickets": FEW, "corruption": "fog", "severity": "3"}),
    Step("geometry", "A point is an image",
         "This is one of them: clean, under fog, and where the two differ; what each ticket takes it for; and its "
         "neighbours. A click on any point opens it, the arrow keys go on.",
         {"tickets": FEW, "corruption": "fog", "severity": "3", "inspect": "110"}),
    Step("robustness", "Which survive corrupted input?",
         "Tickets on one grey band are not shown to differ. The sections behind it say under which corruption, on "
         "which classes, and whether the confidence still holds.", {}),
    Step("robustness", "Why are images lost?",
         "Under fog all features drift alike; what undoing that drift would win back is counted here. Open what is "
         "folded below to see towards which class.", {"tickets": FEW, "section": "lost", "corruption": "fog",
                                                     "severity": "4"}),
    Step("", "Now yours",
         "All of this is in the address: copy it and somebody else sees the same. *Add a study* at the left takes "
         "checkpoints of your own. The ƒ in a card's corner says what its numbers are.", {}),
)  # fmt: skip


def parameters(at: int, known: Iterable[str]) -> dict[str, str | None]:
    """What step `at` puts into the URL, and what it takes out of that which is `known` there."""
    gone = dict.fromkeys(name for name in known if name not in KEPT)
    return {**gone, **STEPS[at].view, OPTION: str(at + 1)}
