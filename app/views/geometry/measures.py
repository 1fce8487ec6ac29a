"""Which of the measures of an image the page shows: of centred vectors or raw ones, gap or angle, and which margin."""

from __future__ import annotations

from dataclasses import dataclass

from app.shell.selection import Selection

VECTORS = {"centred": "Centred", "raw": "As they are"}
ANGLES = {"gap": "Gap", "angle": "Angle"}
MARGINS = {
    "margin": "To the farthest boundary crossed",
    "nearest_margin": "To the nearest boundary",
    "region_margin": "Back to its class",
}
"""Columns of the results, and to where each is measured of a misclassified image."""

COLUMNS = {
    "centred": ("gap", "centred_angle", "relative_length"),
    "raw": ("raw_gap", "angle", "relative_raw_length"),
}
ABOUT_VECTORS = (
    "Centred: less the mean of all class directions, and less the ticket's mean feature of the clean test images. What "
    "all directions share changes no prediction but turns every raw angle, so raw angles cannot be compared between "
    "tickets."
)
ABOUT_ANGLES = (
    "Gap: the angle to the nearest other class direction minus that to the own; below 0 another direction is nearer."
)
ABOUT_MARGINS = (
    "Only misclassified images differ. Farthest boundary crossed: the usual margin; the image has to go at least so "
    "far to be right. Nearest boundary: so little would change its wrong prediction, to whatever class. Back to its "
    "class: so far it has to go to be right."
)


@dataclass(frozen=True)
class Measures:
    """Columns of the samples, of the vectors chosen; `over_length` is the angle or the gap, whichever is drawn."""

    gap: str
    angle: str
    length: str
    over_length: str

    @property
    def title(self) -> str:
        """What the drawn angle is, with what it is drawn over."""
        what = "Gap to the nearest other class" if self.over_length == self.gap else "Angle to the true class"
        return f"{what} against feature length"


CENTRED = Measures(*COLUMNS["centred"], over_length="gap")
RAW = Measures(*COLUMNS["raw"], over_length="angle")
"""What results of earlier versions have."""


def choose_angle(selection: Selection) -> str:
    """The widget that says what is drawn over the length, a key of `ANGLES`."""
    return selection.pick("against", "Over the length", ANGLES, width="content", help=ABOUT_ANGLES)


def choose_vectors(selection: Selection, drawn: str) -> Measures:
    """The widget that says of which vectors, and the measures of these."""
    vectors = selection.pick("vectors", "Features and directions", VECTORS, width="content", help=ABOUT_VECTORS)
    gap, angle, length = COLUMNS[vectors]
    return Measures(gap, angle, length, gap if drawn == "gap" else angle)


def choose_margin(selection: Selection) -> None:
    """The widget above the margins."""
    selection.pick("margin", "Of a misclassified image, the distance", MARGINS, width="content", help=ABOUT_MARGINS)


def margin_of(selection: Selection) -> str:
    """The column of the margin that the link says, whether its widget is drawn or not."""
    return selection.option("margin", next(iter(MARGINS)), list(MARGINS))
