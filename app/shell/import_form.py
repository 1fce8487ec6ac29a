"""Add a study from the app: a form for a network that was trained elsewhere, and what its import found."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import streamlit as st

from app import choice
from app.allowed import Untrusted
from app.shell import guard, layout, trust
from app.shell.url import change, mirror
from pruning.data import DATASETS
from pruning.errors import UserError
from pruning.models import MODELS
from pruning.progress import Progress

FOUND = "import found"  # in the session: the study's name and the report of the import that went well last
RECOGNISED = "recognised by its tensors"
KINDS = ["pt", "pth", "th", "bin", "ckpt", "tar", "safetensors", "npz"]


class Upload(Protocol):
    """What is taken of a file that was uploaded."""

    name: str

    def getbuffer(self) -> memoryview:
        """Its bytes."""


@dataclass(frozen=True)
class Form:
    """What the form says.

    Attributes:
        path: the checkpoint as a path on this machine, or "".
        upload: the checkpoint as an upload, or None.
        data: the data set that the network is for.
        name: the study's name, "" for that of the file.
        model: the network, "" to find out.
        classifier: the layer whose output is the logits, "" to find out.
        masks_path: the masks as a path on this machine, or "".
        masks_upload: the masks as an upload, or None.
        zeros_are_pruned: whether weights that are exactly zero are pruned ones.
        inverted_masks: whether 1 means pruned in the masks.
        keep: the fraction of each weight that is kept, where the masks are scores; None where they are masks.
        key: where in the file the network's tensors are, "" to find out.
        prefix: what the names of its tensors begin with, "" to find out.
    """

    path: str
    upload: Upload | None
    data: str
    name: str = ""
    model: str = ""
    masks_path: str = ""
    masks_upload: Upload | None = None
    zeros_are_pruned: bool = False
    classifier: str = ""
    inverted_masks: bool = False
    keep: float | None = None
    key: str = ""
    prefix: str = ""


def button() -> None:
    """The button in the sidebar that opens the form."""
    if st.button("Add a study …", icon=":material/add:", type="tertiary", key="add-study",
                 help="Bring a network that was trained elsewhere, by its checkpoint."):  # fmt: skip
        st.session_state.pop(FOUND, None)
        _dialog()


def run_import(form: Form, progress: Progress) -> tuple[Path, list[str]]:
    """Import what the form says. Uploads lie in a temporary folder meanwhile.

    Returns:
        The study's folder, and the report.

    Raises:
        UserError: the form is not filled in, and as `pruning.study.checkpoint_import.import_network`.
    """
    from pruning.study.checkpoint_import import ImportOptions, import_network  # torchvision takes seconds to import

    if not form.data.strip():
        raise UserError("Say which data set the network is for.")
    with _file(form.path, form.upload) as checkpoint, _file(form.masks_path, form.masks_upload) as masks:
        if checkpoint is None:
            raise UserError("Name a checkpoint on this machine, or upload one.")
        options = ImportOptions(
            model=form.model.strip() or None,
            name=form.name.strip() or None,
            masks=masks,
            zeros_are_pruned=form.zeros_are_pruned,
            classifier=form.classifier.strip() or None,
            inverted_masks=form.inverted_masks,
            keep=form.keep,
            key=form.key.strip() or None,
            prefix=form.prefix.strip() or None,
        )
        found = import_network(checkpoint, form.data.strip(), options, progress)
        # an upload's own place is gone in a moment and says nothing
        return found.folder, [line.replace(str(checkpoint), checkpoint.name) for line in found.report]


@contextlib.contextmanager
def _file(path: str, upload: Upload | None) -> Iterator[Path | None]:
    """The file that was named or uploaded, an upload only as long as the context lasts; None for neither.

    Raises:
        UserError: both are given at once.
    """
    if path.strip() and upload is not None:
        raise UserError(f"Both {path.strip()} and the upload {upload.name} are given; leave one out.")
    if upload is None:
        yield Path(path.strip()).expanduser() if path.strip() else None
        return
    with tempfile.TemporaryDirectory(prefix="pruning-upload-") as folder:
        file = Path(folder) / (Path(upload.name).name or "checkpoint")
        file.write_bytes(upload.getbuffer())
        yield file


@st.dialog("Add a study", width="large")
def _dialog() -> None:
    if FOUND in st.session_state:
        _found(*st.session_state[FOUND])
        return
    form = _fields()
    if form is None:
        return
    bar = st.progress(0.0, text="reading the checkpoint")

    def tell(fraction: float, text: str, /) -> None:
        bar.progress(fraction, text=text)

    try:
        folder, report = run_import(form, tell)
    except Untrusted as error:
        bar.empty()
        trust.offer(error)
        return
    except UserError as error:
        bar.empty()
        st.warning(layout.plain(str(error)), icon=":material/info:")
        return
    except Exception:  # what a file from anywhere does to a decoder is not known beforehand
        guard.log().exception("An import failed")
        bar.empty()
        st.error(f"Sorry, this could not be imported; the details are in {guard.LOG_FILE}.", icon=":material/error:")
        return
    st.session_state[FOUND] = str(folder), report
    st.rerun(scope="fragment")


def _fields() -> Form | None:
    """The form; what it says at the moment it is sent, else None."""
    st.markdown(
        "A network that was trained elsewhere becomes a study of its own: its weights stay as they are, and the "
        "study's file says how it is pruned from there. Nothing in the checkpoint is executed, and a file of code only "
        "once you allow it."
    )
    with st.form("import", border=False):
        left, right = st.columns(2, gap="medium")
        with left:
            path = st.text_input("Checkpoint on this machine", key="import-path", placeholder="path/to/checkpoint.pth")
            upload = st.file_uploader("or upload it", KINDS, key="import-upload")
            data = st.selectbox(
                "Data set", list(DATASETS), index=None, key="import-data", accept_new_options=True,
                placeholder="A name, or folder:PATH", help="Images that the network was made for.",
            )  # fmt: skip
            name = st.text_input("Name of the study", key="import-name", placeholder="that of the file")
        with right:
            masks = st.text_input("Masks apart from the weights", key="import-masks", placeholder="none")
            masks_upload = st.file_uploader("or upload them", KINDS, key="import-masks-upload")
            model = st.selectbox(
                "Network", list(MODELS), index=None, key="import-model", accept_new_options=True,
                placeholder=RECOGNISED, help="Or path/to/file.py:factory for a network of your own.",
            )  # fmt: skip
            classifier = st.text_input(
                "Classifier", key="import-classifier", placeholder="found by running the network",
                help="The layer whose output is the logits, or `none`, where running the network does not tell.",
            )  # fmt: skip
            zeros = st.checkbox("Weights that are exactly zero are pruned", key="import-zeros")
            inverted = st.checkbox("1 means pruned in the masks", key="import-inverted")
        key, prefix, keep = _where_and_what()
        if not st.form_submit_button("Import", type="primary", icon=":material/input:", key="import-go"):
            return None
    return Form(path, upload, data or "", name, model or "", masks, masks_upload, zeros, classifier,
                inverted, keep, key, prefix)  # fmt: skip


def _where_and_what() -> tuple[str, str, float | None]:
    """Fields that few files need: the key, the prefix, and what is kept of scores."""
    with st.expander("Files with several networks, and scores in place of masks"):
        left, middle, right = st.columns(3, gap="medium")
        key = left.text_input("Key", key="import-key", placeholder="found",
                              help="Where in the file the network's tensors are, such as ema.")  # fmt: skip
        prefix = middle.text_input("Prefix", key="import-prefix", placeholder="found",
                                   help="What the names of its tensors begin with, such as module.")  # fmt: skip
        keep = right.number_input("Kept fraction of scores", 0.0, 1.0, None, 0.05, key="import-keep",
                                  placeholder="they are masks",
                                  help="The fraction of each weight that is kept, where they are scores.")  # fmt: skip
    return key, prefix, keep


def _found(folder: str, report: list[str]) -> None:
    """What the import found, and the way to the study."""
    st.markdown(":material/check_circle: **The network is imported.**")
    with st.container(border=True):
        st.markdown("\n".join(f"- {layout.plain(line)}" for line in report))
    name = next((name for name, path in choice.studies().items() if path == Path(folder).resolve()), None)
    if name is None:
        st.code(f"python -m streamlit run app/main.py -- {folder}", language="bash")
        return
    if st.button("Open the study", type="primary", icon=":material/arrow_forward:", key="import-open"):
        st.session_state.pop(FOUND, None)
        change({**dict.fromkeys(mirror()), "study": name})
        st.rerun()
