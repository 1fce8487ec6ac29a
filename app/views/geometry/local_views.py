"""Two ways to look at the images of Local: how they move, and two classes with the boundary between them."""

from __future__ import annotations

from analysis.comparisons.local_geometry import arrows, pair_plane
from app.condition import condition_text
from app.shell import layout
from app.shell.columns import of_table
from app.shell.per_sample import with_labels
from app.shell.selection import Chosen, Selection
from app.views.geometry import measures
from app.views.geometry.charts.boundary import pair_plane as plane_chart
from app.views.geometry.charts.moves import change_arrows, change_density
from app.views.geometry.local_images import Panel, features_under
from app.views.geometry.marked import CONFIG

MOVED = {
    **{f"x_{when}": f"length {words} [mean of the ticket's clean images]" for when, words in
       (("before", "before"), ("after", "after"), ("move", "after less before"))},
    **{f"y_{when}": f"gap or angle {words} [degrees]" for when, words in
       (("before", "before"), ("after", "after"), ("move", "after less before"))},
}  # fmt: skip
PLANE = {
    "across": "projection of the feature on the difference of the class directions [mean length of clean features]",
    "rest": "length of what is left of the feature without that projection [mean length of clean features]",
    "lead": "signed distance to the boundary, above 0 on the own side [mean length of clean features]",
}


def moves_card(panel: Panel, reference: Chosen | None, form: str) -> None:
    """How images move from the clean ones, or (`reference`) from where the baseline has them."""
    images, selection = panel.images, panel.selection
    if reference is None and not images.corrupted:
        layout.empty("The clean images have nothing to have moved from.", "Choose a corruption above.")
        return
    moved = images.moves(panel.measured, reference.id if reference else "")
    moved = moved[moved["label"].isin(panel.labels) & moved["ticket_id"].isin(list(panel.styles))]
    if moved.empty:
        layout.empty("Only the baseline is shown.", "Choose other tickets at the left, or compare with clean images.")
        return
    there = set(moved["ticket_id"].unique())
    styles = {each: style for each, style in panel.styles.items() if each in there}
    what = "gap" if panel.measured.over_length.endswith("gap") else "angle"
    start = reference.label if reference else "clean"
    classes, theme = selection.study.classes, selection.theme
    key = ("moves", form, panel.measured.length, panel.measured.over_length, reference.id if reference else "")
    if form == "density":
        figure = panel.figure(lambda: change_density(moved, styles, classes, theme, what), *key)
        how = "A point is an image: how its gap, or angle, and its length change."
    else:
        found = arrows(moved, form)
        figure = panel.figure(lambda: change_arrows(moved, found, styles, classes, theme, form, what, start), *key)
        how = (
            "Arrows: from where the images were, on average, to where they are. By place: of the images whose move has "
            "its middle in one cell of a grid, so that noise alone makes no arrow (Bland & Altman 1986). Cells of few "
            "images have none; pale arrows are within noise (Hotelling's test; Benjamini & Hochberg over all arrows)."
        )
    layout.card(
        f"{condition_text(images.condition)}, against {'the clean images' if reference is None else start}",
        figure,
        lambda: with_labels(moved, panel.chosen),
        "moves",
        meanings=of_table("samples") | of_table("geometry") | MOVED,
        help=f"{how} {measures.ABOUT_ANGLES} Lengths are in units of the mean over each ticket's clean images: "
        "those of two networks cannot be compared.",
        caption=panel.whose,
        config=CONFIG,
    )


def pick_pair(selection: Selection) -> tuple[int, int]:
    """The two classes whose boundary is drawn."""
    names = {str(number): str(name) for number, name in enumerate(selection.study.classes)}
    first = int(selection.pick("class-a", "Class", names, kind="select", width=100))
    others = {number: name for number, name in names.items() if int(number) != first} or names
    return first, int(selection.pick("class-b", "and class", others, kind="select", width=100))


def pair_card(panel: Panel, pair: tuple[int, int]) -> None:
    """The images of two classes on the plane on which the boundary between the two is a line."""
    selection, images = panel.selection, panel.images
    ids = list(panel.styles)
    found = features_under(selection, images, ids)
    if found is None:
        return
    here, clean = found
    rows, boundaries = pair_plane(here, clean, pair)
    before = pair_plane(clean, clean, pair)[0] if images.corrupted else None
    classes, theme = selection.study.classes, selection.theme
    a, b = (str(classes[each]) for each in pair)
    layout.card(
        f"Classes {a} and {b}, and the boundary between the two: {condition_text(images.condition).lower()}",
        panel.figure(lambda: plane_chart(rows, boundaries, panel.styles, classes, theme, pair, before),
                     "pair", *map(str, pair)),
        lambda: with_labels(rows, panel.chosen),
        "pair",
        meanings=of_table("samples") | PLANE,
        help=f"Across: the feature's projection on the direction of {a} less that of {b}. On this plane the boundary "
        "between the two is a straight line, exactly, and stands off 0 by what the biases make; against gap and length "
        "it would be another curve for each image. Right of it the network prefers the first class to the second, "
        "though a third may win. Upwards: the length of the rest of the feature. Outlines: the clean images.",
        caption=panel.whose,
        config=CONFIG,
    )  # fmt: skip
