"""Gallery: one image under every corruption of a family, made at the moment it is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from analysis.comparisons.corrupted_image import CorruptedImage, ImageClassifier
from analysis.corruptions import FAMILIES
from app import load
from app.assets import read
from app.pictures.offer import pictures
from app.pictures.study_images import Pictures
from app.shell import layout, warming
from app.shell.downloads import file_name, to_csv
from app.shell.left_out import without_networks
from app.shell.links import curve_address
from app.shell.selection import Chosen, Selection
from app.views.gallery.charts.sheet import LARGE, SMALL, WAVE, sheet_html
from app.views.gallery.charts.sheet_layout import Block, blocks
from app.views.gallery.charts.sheet_png import sheet_png
from app.views.gallery.sheet import answer, classifier, misfit, shape_in_words
from app.views.gallery.upload import LARGEST, fitted, read_picture
from pruning.errors import UserError

UPLOAD = "gallery upload"  # in the session: name and bytes of the user's picture, which outlives the page
MEGABYTES = 50
LARGEST_SEED = 2**31 - 1
FULL, HALF = "full", "half"
OWN, TEST = "own", "test"
FEW = 4  # corruptions that leave room for large pictures
HELP = (
    "Blue frame: classified correctly; orange frame and ✗: misclassified. Where the true class is not known, ≠ marks a "
    "prediction that differs from that for the clean picture. Point at a picture for its parameters; a name leads to "
    "its curve."
)


@dataclass(frozen=True, eq=False)
class Shown:
    """The image to look at.

    It is uint8 [C, H, W], with its place in the test set (0 for an own picture), its class if known, what it is called,
    and sentences on what was done to it.
    """

    image: np.ndarray
    index: int
    label: int | None
    title: str
    notes: tuple[str, ...] = ()


def show(selection: Selection) -> None:
    """Draw the page."""
    layout.page_title(
        "Gallery", "One image under every corruption, made now: what does a ticket still classify correctly?"
    )
    readers = _readers(without_networks(selection))
    data = _pictures(selection)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        own = selection.pick("picture", "Image", {TEST: "Test image", OWN: "Your own"}, width="content") == OWN
        shown = None if own or data is None else _test_image(selection, data)
        families = {name: family.label for name, family in FAMILIES.items()}
        family = selection.pick("corruptions", "Family", families, kind="select", width=155)
        seed = _noise(selection)
        who = None
        if readers:
            names = {ticket.key: ticket.label for ticket in readers}
            key = selection.pick("reader", "Classified by", names, kind="select", width=165,
                                 help="The tickets chosen at the left, the baseline first.")  # fmt: skip
            who = next(ticket for ticket in readers if ticket.key == key)
    if own or data is None:
        shown = _own_picture(selection, who)
    if shown is None:
        return
    network = classifier(selection.study, who.id) if who else None
    sheet = _sheet(selection, shown, family, seed, who, network)
    if sheet is not None:
        _draw(selection, sheet, shown, family, seed)


def _readers(selection: Selection) -> list[Chosen]:
    """Who can classify: the baseline first, then the chosen tickets."""
    first = [selection.baseline] if selection.baseline else []
    return first + [ticket for ticket in selection.tickets if not first or ticket.id != first[0].id]


def _pictures(selection: Selection) -> Pictures | None:
    """The study's images; None, and on the page the way to them, when they are not on this machine.

    Nothing is said where a picture of one's own is looked at.
    """
    if selection.option("picture") == OWN:
        return None
    return pictures(selection.study)


def _test_image(selection: Selection, data: Pictures) -> Shown:
    """The pickers of a test image, and the image: the URL's when it is of the class asked for, else the first."""
    labels, classes = data.labels, selection.study.classes
    present = sorted(set(labels.tolist()))
    names = {"any": "any"} | {str(number): classes[number] for number in present}

    def choose() -> None:  # the image that was looked at is of another class
        picked = st.session_state["pick class"]
        selection.set(**{"class": None if picked == "any" else picked, "image": None})

    kind = selection.pick("class", "Class", names, kind="select", width=100, on_change=choose)
    among = np.arange(len(labels)) if kind == "any" else np.flatnonzero(labels == int(kind))
    marked = np.intersect1d(among, [] if selection.samples is None else selection.samples).astype(int)
    order = marked if len(marked) else np.random.default_rng(0).permutation(among)  # folders hold class after class
    first = int(marked[0] if len(marked) else among[0])
    asked = selection.option("image")
    fits = asked.isdecimal() and len(asked) < 10 and int(asked) in among
    index = int(selection.option("image", str(first), [asked] if fits else []))
    another = int(order[(list(order).index(index) + 1) % len(order)]) if index in order else first
    st.button("Next selected" if len(marked) else "Another image", key="another-image", disabled=another == index,
              icon=":material/arrow_forward:" if len(marked) else ":material/shuffle:",
              on_click=lambda: selection.set(image=str(another)))  # fmt: skip
    label = int(labels[index])
    return Shown(data.images[index].numpy(), index, label, f"image {index}, class {classes[label]}")


def _noise(selection: Selection) -> int:
    """The seed that the random numbers come from, and the button that draws them again."""
    asked = selection.option("noise", "0")
    fits = asked.isdecimal() and len(asked) <= 10 and int(asked) <= LARGEST_SEED
    seed = int(selection.option("noise", "0", [asked] if fits else []))
    key = "pick noise"
    st.session_state[key] = seed

    def put(value: int) -> None:
        selection.set(noise=str(value) if value else None)

    st.number_input("Noise seed", 0, LARGEST_SEED, step=1, key=key, width=105, help="With seed 0 the pictures are the "
                    "very ones that the tickets were measured on.",
                    on_change=lambda: put(int(st.session_state[key])))  # fmt: skip
    st.button("Draw again", icon=":material/casino:", key="draw-again", help="The same image, other random numbers",
              on_click=lambda: put((seed + 1) % (LARGEST_SEED + 1)))  # fmt: skip
    return seed


def _own_picture(selection: Selection, who: Chosen | None) -> Shown | None:
    """The upload, and the picture that was uploaded; None while there is none."""

    def keep() -> None:
        file = st.session_state.get("upload")
        st.session_state[UPLOAD] = (file.name, file.getvalue()) if file is not None else None

    with st.container(horizontal=True, gap="medium"):
        st.file_uploader("A PNG or JPEG picture", ["png", "jpg", "jpeg"], key="upload", on_change=keep, width=560,
                         max_upload_size=MEGABYTES, help=f"It stays on this machine. One of more than {LARGEST} pixels "
                         "is cut to the square at its centre and scaled to that size.")  # fmt: skip
        kept = st.session_state.get(UPLOAD)
        if not kept:
            return None
        image, note = read_picture(kept[1], kept[0])
        notes = [note] if note else []
        shape = classifier(selection.study, who.id).shape if who else image.shape
        if misfit(image.shape, shape):
            options = {"as-is": "as uploaded", "fitted": f"as the network takes it: {shape_in_words(shape)}"}
            if selection.pick("shape", "Shown", options, width="content") == "fitted":
                image = fitted(image, shape)
                notes.append(f"It is shown as the network takes it, {shape_in_words(shape)}.")
    return Shown(image, 0, None, kept[0], tuple(notes))


def _sheet(
    selection: Selection, shown: Shown, family: str, seed: int, who: Chosen | None, network: ImageClassifier | None
) -> CorruptedImage | None:
    """The sheet, classified where it can be; None, and a sentence on the page, when nothing can be made."""
    why = misfit(shown.image.shape, network.shape) if network else ""
    if why and who:
        layout.notes([f"{who.label} cannot classify this picture: {why}."])
    if warming.compiling():
        with st.spinner("Compiling the corruptions, which is done once on a machine …"):
            warming.wait()
    if not FAMILIES[family].needs_network:
        sheet: CorruptedImage = _made(shown.image, family, seed, shown.index, shown.label)
    elif network is None or why:
        todo = "Choose another family, or a picture that fits." if why else "Choose tickets in the grid at the left."
        layout.empty("Attacks are made for one network, and there is none here that takes this picture.", todo)
        return None
    else:
        sheet = CorruptedImage.attacked(shown.image, network, seed, shown.index, shown.label)
    return sheet.classified_by(who.label, network) if who and network and not why else sheet


@st.cache_resource(max_entries=32, show_spinner="Making the pictures …")
def _made(image: np.ndarray, family: str, seed: int, index: int, label: int | None) -> CorruptedImage:
    return CorruptedImage.of(image, family, seed, index, label)


def _draw(selection: Selection, sheet: CorruptedImage, shown: Shown, family: str, seed: int) -> None:
    """The card: its summary, how it is laid out, the downloads, the pictures, and what they are."""
    said = _sentences(sheet, shown, family, seed)
    st.markdown(answer(sheet))
    with st.container(border=True, key="card-sheet"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="head-sheet"):
            title = f"{shown.title[0].upper()}{shown.title[1:]}: {FAMILIES[family].label}"
            st.markdown(f"**{layout.plain(title)}**", help=HELP, width="stretch")
            placed, size = _layout(selection, shown, family)
            _downloads(selection, sheet, file_name(f"{family} {shown.title} {sheet.ticket}"), family, said[0])
        st.html(f"<style>{read('sheet.css')}</style>")
        st.html(sheet_html(sheet, placed, selection.theme, size, _links(selection, shown)))
        layout.notes([" ".join(said)])


def _layout(selection: Selection, shown: Shown, family: str) -> tuple[list[Block], int]:
    """The widget that says how the pictures are laid out; the blocks, and how large the pictures are."""
    if family == "fourier":
        grid = {HALF: "Each wave once", FULL: "Full grid"}
        picked = selection.pick("grid", "Frequencies", grid, label_visibility="collapsed", width="content")
        return blocks(family, full=picked == FULL), WAVE
    large = max(shown.image.shape) > 2 * SMALL or len(FAMILIES[family].members) < FEW
    sizes = {"small": "Small pictures", "large": "Large pictures"}
    default = "large" if large else "small"
    picked = selection.pick("size", "Size", sizes, default, label_visibility="collapsed", width="content")
    return (blocks(family), LARGE) if picked == "large" else (blocks(family, 2), SMALL)


def _downloads(selection: Selection, sheet: CorruptedImage, name: str, family: str, said: str) -> None:
    """The menu with the sheet as one picture, and its predictions as a table."""
    block = blocks(family, full=selection.option("grid") == FULL)[0]
    files = {
        "PNG image": ("png", "image/png", lambda: sheet_png(sheet, block, selection.theme, said)),
        "CSV table": ("csv", "text/csv", lambda: to_csv(sheet.table)),
    }
    with st.popover("", icon=":material/download:", type="tertiary", help="Download this", key="menu-sheet"):
        for label, (suffix, mime, make) in files.items():
            st.download_button(label, data=make, file_name=f"{name}.{suffix}", mime=mime, key=f"{suffix}-sheet",
                               on_click="ignore", type="tertiary", width="stretch")  # fmt: skip


def _sentences(sheet: CorruptedImage, shown: Shown, family: str, seed: int) -> list[str]:
    """What is seen: the image, the family, the noise, and what the count is not."""
    said = [f"{shown.title[0].upper()}{shown.title[1:]}; {FAMILIES[family].label}, noise seed {seed}.", *shown.notes]
    if family == "fourier":
        said.append(
            "Down and across: the wave's frequency in sevenths of the highest along each axis, severity 4. A wave and "
            "its negative are one picture, counted once."
        )
    if FAMILIES[family].needs_network and sheet.label is None:
        said.append("The attacks are on the prediction for the clean picture, as its true class is not known.")
    if sheet.prediction is not None:
        said.append("One image makes a count, not an estimate of accuracy; that is on the page Robustness.")
    return said


def _links(selection: Selection, shown: Shown) -> dict[str, str]:
    """Corruption -> address of its curve, for those that were measured.

    A link leaves an own picture behind, so there are none then.
    """
    if shown.label is None:
        return {}
    try:
        measured = load.table(selection.study, "conditions", columns=["corruption"])["corruption"].unique()
    except UserError:  # results of an earlier version: the pages that show them say so
        return {}
    return {name: curve_address(name) for name in measured}
