"""The study's pictures on a page.

Shown where they are, else a calm word on what is missing and a button that fetches it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import numpy as np
import streamlit as st

from app.load import StudyView
from app.names import listed
from app.pictures import study_images
from app.pictures.study_images import Pictures
from app.shell import layout
from pruning.data import downloadable, fetching
from pruning.data.fetching import Downloaded, Fetching, Offer
from pruning.errors import UserError

ASKED = "fetch asked"  # in the session: the data set whose download waits for the second click
FAILED = "fetch failed"  # in the session: why a download could not be started
EVERY = 1.0  # seconds between two looks at a download


def pictures(study: StudyView, samples: np.ndarray | None = None, labels: np.ndarray | None = None) -> Pictures | None:
    """The test images; None, and the reason and the way to them on the page, when they cannot be shown.

    Args:
        study: the study shown.
        samples: int [N], which samples were measured; images whose classes differ are not those that were measured.
            None where nothing was measured.
        labels: int [N], their classes as the results have them.
    """
    try:
        found = study_images.pictures(study)
    except UserError as error:
        layout.empty(f"The pictures cannot be shown: {error}", "Everything else is here.")
        return None
    if found is None:
        _missing(study)
        return None
    unknown = found.labels.max(initial=0) >= len(study.classes)
    if unknown or (samples is not None and labels is not None and not _same(found, samples, labels)):
        layout.empty(
            f"The images of {study.config.data} on this machine are not those that were measured, so they are not "
            "shown.",
            "Measure the study again, or bring back the data it was measured on.",
        )
        return None
    if found.note:
        layout.notes([found.note])
    return found


def fetchable(study: StudyView) -> str | None:
    """The data set that, once fetched, has the study's pictures; None when there is none to fetch."""
    own, other = study.config.data, study.config.pictures
    if downloadable(own):
        return own
    return other if other and downloadable(other) and (study.path / study_images.STAND_IN).is_file() else None


def _same(found: Pictures, samples: np.ndarray, labels: np.ndarray) -> bool:
    return bool(len(samples) and samples.max() < len(found.labels) and (found.labels[samples] == labels).all())


def _missing(study: StudyView) -> None:
    name = fetchable(study)
    if name is None:
        layout.empty(
            f"The pictures are not on this machine: the study's data are {study.config.data}.",
            "Everything else is here. Bring the data to that place to see the pictures.",
        )
        return
    offer = Offer.of(name)
    running = fetching.started(offer)
    with st.container(border=True, key="empty-pictures"):
        if running is not None and running.check():
            st.fragment(_watch, run_every=EVERY)(running)
        elif st.session_state.get(ASKED) == name:
            _confirm(offer)
        else:
            _invite(study, offer, running)


def _invite(study: StudyView, offer: Offer, last: Fetching | None) -> None:
    """What is missing, what went wrong the last time, and the first button."""
    st.markdown(
        f":material/info: **The pictures are not on this machine.**  \nEverything else is here. The data set "
        f"{offer.name}, which torchvision fetches, has them"
        + ("." if offer.name == study.config.data else f" too; the study's own data are {study.config.data}.")
    )
    error = st.session_state.pop(FAILED, "") or (last.error if last is not None else "")
    if error:
        st.warning(error, icon=":material/cloud_off:")

    def ask() -> None:
        fetching.forget(offer)
        st.session_state[ASKED] = offer.name

    st.button(f"Fetch {offer.name} …", icon=":material/download:", key="fetch-ask", on_click=ask)


def _confirm(offer: Offer) -> None:
    """Exactly what would be downloaded, and the second button, which does it."""
    st.markdown(f":material/info: **Download {offer.name}?**  \n{facts(offer)}")

    def begin() -> None:
        st.session_state.pop(ASKED, None)
        try:
            fetching.start(offer)
        except UserError as error:
            st.session_state[FAILED] = str(error)

    def leave() -> None:
        st.session_state.pop(ASKED, None)

    with st.container(horizontal=True, gap="small"):
        st.button(f"Download {offer.megabytes:,.0f} MB", icon=":material/download:", key="fetch-begin", type="primary",
                  on_click=begin)  # fmt: skip
        st.button("Not now", key="fetch-leave", on_click=leave)


def facts(offer: Offer) -> str:
    """What a download is, in words: from where, how much, and where it will lie. Markdown."""
    hosts = dict.fromkeys(urlsplit(address).hostname or address for address in offer.addresses)
    addresses = ", ".join(f"`{address}`" for address in offer.addresses)
    return (
        f"torchvision fetches {addresses} from {listed(hosts)}: {offer.megabytes:,.0f} MB. On the disk it takes "
        f"{offer.unpacked:,.0f} MB, in `{offer.root}`. Nothing else is sent or fetched."
    )


def _watch(running: Fetching) -> None:
    """The progress bar and the way to stop; draws the whole page anew when the download is over."""
    if not running.check():
        if not running.error:
            fetching.forget(running.offer)
        st.rerun()
    offer, done = running.offer, running.progress()
    st.markdown(
        f":material/downloading: **Fetching {offer.name}** into `{offer.root}`. The page can be used meanwhile."
    )
    st.progress(done.share, text=progress_text(offer, done))
    if st.button("Stop", icon=":material/close:", key="fetch-stop", help="Nothing half-fetched is left."):
        running.cancel()
        fetching.forget(offer)
        st.rerun()


def progress_text(offer: Offer, done: Downloaded) -> str:
    """How far a download is, in words."""
    if done.share >= 1:
        return f"{offer.megabytes:,.0f} MB are here and are checked and unpacked …"
    said = f"{done.megabytes:,.1f} of {offer.megabytes:,.0f} MB"
    if done.seconds_left is None:
        return said
    left = done.seconds_left
    return f"{said}, about {f'{left:.0f} s' if left < 90 else f'{left / 60:.0f} min'} left"
