"""Add a study from the app: a form for a network that was trained elsewhere, whose import is a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import streamlit as st

from app import choice
from app.allowed import Untrusted
from app.jobs import queue
from app.jobs.command import Command
from app.jobs.job import DONE, look
from app.shell import job_list, layout, work
from app.shell.host import is_private
from pruning.data import DATASETS
from pruning.errors import UserError
from pruning.models import MODELS
from pruning.study.commands import typed
from pruning.study.folder import TOML
from pruning.study.known import is_shipped
from pruning.tasks import TASKS

FILLED, AGAIN = "import filled in", "import again"
"""In the session: what the fields said when the job was begun; and that the form is to open with that."""
FORM = "import asked"
"""In the session: what the form said last, while code that it names has to be allowed."""
SEND = "import-go"
"""The button, whose value is not what the form says; Streamlit lets nobody set it."""
CHECKPOINT, MASKS = "checkpoint", "masks"
OWN_STUDY = "a study of its own"
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
        masks: the masks as a path on this machine, or "".
        masks_upload: the masks as an upload, or None.
        values: option of `python -m pruning import` -> what it is given; "" leaves it out.
        flags: option -> whether it is given.
    """

    path: str
    upload: Upload | None
    masks: str
    masks_upload: Upload | None
    values: dict[str, str]
    flags: dict[str, bool]

    def command(self) -> tuple[Command, dict[str, memoryview]]:
        """The command, and the uploads that it reads by name (`app.jobs.queue.submit`).

        Raises:
            UserError: the form is not filled in, or a file is both named and uploaded.
        """
        if not self.values.get("--data") and not self.values.get("--into"):
            raise UserError("Say which data set the network is for.")
        uploads: dict[str, memoryview] = {}
        checkpoint = _source(CHECKPOINT, self.path, self.upload, uploads)
        if not checkpoint:
            raise UserError("Name a checkpoint on this machine, or upload one.")
        words = ["pruning", "import", checkpoint]
        values = {**self.values, "--masks": _source(MASKS, self.masks, self.masks_upload, uploads)}
        for option, value in values.items():
            if value := value.strip():
                words += [f"{option}={value}"] if value.startswith("-") else [option, value]
        return Command((*words, *(option for option, given in self.flags.items() if given))), uploads


def _source(role: str, path: str, upload: Upload | None, uploads: dict[str, memoryview]) -> str:
    """The file's place among the command's words; an upload goes to `uploads`."""
    path = path.strip()
    if path and upload is not None:
        raise UserError(f"Both {path} and the upload {upload.name} are given; leave one out.")
    if upload is not None:
        name = f"{role}/{upload.name}"
        uploads[name] = upload.getbuffer()
        return f"{{{name}}}"
    if path and not Path(path).expanduser().is_file():
        raise UserError(f"There is no file {path} on this machine.")
    return str(Path(path).expanduser()) if path else ""


def button() -> None:
    """The button in the sidebar that opens the form."""
    if st.button("Add a study …", icon=":material/add:", type="tertiary", key="add-study",
                 help="Bring a network that was trained elsewhere, by its checkpoint."):  # fmt: skip
        _closed()
        _dialog()
    elif st.session_state.pop(AGAIN, False):
        st.session_state.update(st.session_state.get(FILLED, {}))
        _dialog()


def _closed() -> None:
    """Forget what the window was about."""
    for key in (job_list.WATCHED, FORM):
        st.session_state.pop(key, None)


@st.dialog("Add a study", width="large", on_dismiss=_closed)
def _dialog() -> None:
    if not is_private():
        st.info("Jobs are off, as others can open this app. On its machine, this command adds a study:")
        st.code(typed("pruning", "import", "CHECKPOINT", "--data", "DATA"), language="bash")
        return
    if job_list.WATCHED in st.session_state:
        st.fragment(_watched, run_every=job_list.EVERY)()
        return
    form = _fields() or st.session_state.pop(FORM, None)
    if form is not None:
        _begin(form)


def _begin(form: Form) -> None:
    """Put the import into the queue; or say why not, or ask for the code that it would run."""
    try:
        command, uploads = form.command()
        if not command.values("--into") and (queue.study_of(command) / TOML).exists():
            raise UserError(f"There is a study {queue.study_of(command)} already; give this one another name.")
        work.check(command)
        job = queue.submit(command, uploads)
    except Untrusted as error:
        st.session_state[FORM] = form
        st.caption(layout.plain(f"{error} Only allow code whose origin you know: it can do whatever you can."))
        work.allow(error)
    except UserError as error:
        st.warning(layout.plain(str(error)), icon=":material/info:")
    else:
        st.session_state[job_list.WATCHED] = job.home
        st.session_state[FILLED] = filled(st.session_state)
        st.rerun(scope="fragment")


def filled(session: Mapping[Any, Any]) -> dict[str, str | bool | float]:
    """What the fields say, of what a session holds, to be said again; uploads and the button cannot be."""
    return {
        str(key): value
        for key, value in session.items()
        if str(key).startswith("import-") and key != SEND and isinstance(value, str | bool | float)
    }


def _watched() -> None:
    """How far the import is; its report and the way to the study when it is done, the form again when it is not."""
    try:
        job = look(st.session_state[job_list.WATCHED])
    except UserError as error:
        st.warning(layout.plain(str(error)), icon=":material/info:")
        return
    job_list.row(job, "fragment")
    if not job.over:
        st.caption("It goes on when this window is closed; the sidebar says how far it is.")
    elif job.status != DONE and st.button("Change what the form says", icon=":material/arrow_back:", key="back"):
        st.session_state.pop(job_list.WATCHED)
        st.session_state[AGAIN] = True
        st.rerun()


def _fields() -> Form | None:
    """The form; what it says at the moment it is sent, else None."""
    st.markdown(
        "A network that was trained elsewhere becomes a study of its own, or a ticket of one that is there. Its "
        "weights stay as they are. Nothing in the checkpoint is executed, and a file of code only once you allow it."
    )
    with st.form("import", border=False):
        left, right = st.columns(2, gap="medium")
        with left:
            path = st.text_input("Checkpoint on this machine", key="import-path", placeholder="path/to/checkpoint.pth")
            upload = st.file_uploader("or upload it", KINDS, key="import-upload")
            data = _named("Data set", list(DATASETS), "data", "A name, or folder:PATH; that of the study it goes into",
                          "Images that it was made for; of several sizes: folder:PATH:size=224.")  # fmt: skip
            name = st.text_input("Name", key="import-name", placeholder="that of the file")
        with right:
            masks = st.text_input("Masks apart from the weights", key="import-masks", placeholder="none")
            masks_upload = st.file_uploader("or upload them", KINDS, key="import-masks-upload")
            model = _named("Network", list(MODELS), "model", "recognised by its tensors",
                           "Or path/to/file.py:factory for a network of your own.")  # fmt: skip
            into = st.selectbox("Goes into", [OWN_STUDY, *_own_studies()], key="import-into",
                                help="Or becomes a ticket of a study of yours, on the same network.")  # fmt: skip
        zeros = st.checkbox("Weights that are exactly zero are pruned", key="import-zeros")
        values, flags = _seldom()
        if not st.form_submit_button("Import", type="primary", icon=":material/input:", key=SEND):
            return None
    study = _own_studies().get(into)
    values |= {"--data": data, "--model": model, "--name": name, "--into": str(study) if study else ""}
    return Form(path, upload, masks, masks_upload, values, flags | {"--zeros-are-pruned": zeros})


def _seldom() -> tuple[dict[str, str], dict[str, bool]]:
    """Fields that few files need: options with their values, and flags."""
    with st.expander("Seldom needed: tasks, normalisation, files with several networks, scores in place of masks"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            task = _named("Task", list(TASKS), "task", "to classify", "Or path/to/file.py:factory.")
            key = _typed("Key", "key", "found", "Where in the file the network's tensors are, such as ema.")
            prefix = _typed("Prefix", "prefix", "found", "What the names of its tensors begin with, such as module.")
        with middle:
            mean = _typed("Mean", "mean", "tried out", "What the input is normalised by, as 0.5,0.5,0.5.")
            std = _typed("Deviation", "std", "tried out", "As the mean.")
            root = _typed(
                "Folder of data sets", "root", "PRUNING_DATA, else data", "Where those that are not embedded lie."
            )
        with right:
            classifier = _typed("Classifier", "classifier", "found by running the network",
                                "The layer whose output is the logits, or `none`, if that does not tell.")  # fmt: skip
            keep = st.number_input("Kept fraction of scores", 0.0, 1.0, None, 0.05, key="import-keep",
                                   placeholder="they are masks",
                                   help="The fraction of each weight that is kept, where they are scores.")  # fmt: skip
            inverted = st.checkbox("1 means pruned in the masks", key="import-inverted")
            download = st.checkbox("Fetch the data set where it is not there", key="import-download")
    values = {"--task": task, "--key": key, "--prefix": prefix, "--mean": mean, "--std": std, "--root": root,
              "--classifier": classifier, "--keep": "" if keep is None else f"{keep:g}"}  # fmt: skip
    return values, {"--inverted-masks": inverted, "--download": download}


def _named(label: str, known: list[str], key: str, placeholder: str, help: str) -> str:
    """A menu into which anything else can be typed."""
    return st.selectbox(label, known, index=None, key=f"import-{key}", accept_new_options=True, placeholder=placeholder,
                        help=help) or ""  # fmt: skip


def _typed(label: str, key: str, placeholder: str, help: str) -> str:
    return st.text_input(label, key=f"import-{key}", placeholder=placeholder, help=help)


def _own_studies() -> dict[str, Path]:
    """The studies that a ticket can be added to."""
    return {name: path for name, path in choice.studies().items() if not is_shipped(path) and (path / TOML).is_file()}
