"""What the sheet says of an image under a family of corruptions, and the network that classifies it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from analysis.comparisons.corrupted_image import CorruptedImage, ImageClassifier, severity_parameters
from analysis.corruptions import label_of
from analysis.corruptions.conditions import CLEAN
from app import load
from app.load import StudyView
from app.shell import layout


def classifier(study: StudyView, ticket_id: str) -> ImageClassifier:
    """The network of a ticket, kept until the study changes. Raises UserError when its file is damaged."""
    return _classifier(study.path, study.stamp, ticket_id)


@st.cache_resource(max_entries=16, show_spinner=False)
def _classifier(path: Path, stamp: str, ticket_id: str) -> ImageClassifier:
    return ImageClassifier.of(load.folder(path).load(ticket_id))


def misfit(image: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Why an image of shape (C, H, W) cannot be shown to a network; "" when it can."""
    if tuple(image) == tuple(wanted):
        return ""
    return f"it takes {shape_in_words(wanted)}, and this is {shape_in_words(image)}"


def shape_in_words(shape: tuple[int, ...]) -> str:
    """(1, 28, 20) -> `20×28 pixels in grey`."""
    return f"{shape[2]}×{shape[1]} pixels in {'colour' if shape[0] == 3 else 'grey'}"


def summary(image: CorruptedImage) -> str:
    """One line on the whole: how many of the corrupted pictures are classified as they should be."""
    count = len(image.conditions) - 1
    if image.prediction is None or image.confidence is None or image.target is None:
        return f"One image and {count} corruptions of it"
    met, name = int(image.on_target[1:].sum()), image.classes[image.target]
    if image.label is not None:
        return f"{image.ticket} classifies {met} of {count} correctly, as {name}"
    sure = f"confidence {100 * image.confidence[0]:.0f} %"
    return f"{image.ticket} classifies the clean picture as {name} ({sure}), and {met} of {count} corrupted ones too"


def answer(image: CorruptedImage) -> str:
    """The summary, and under how many corruptions that holds at every severity, as markdown."""
    said = f"**{layout.plain(summary(image))}**"
    count = len({name for name, _ in image.conditions[1:]})
    if image.prediction is None or count == len(image.conditions) - 1:
        return f"{said}."
    return f"{said}; at every severity under **{len(image.held)}** of {count} corruptions. A count of one image."


def about(image: CorruptedImage, at: int) -> str:
    """All that is known of a picture, for its hover: corruption, severity, parameters, and the prediction."""
    name, severity = image.conditions[at]
    lines = ["Clean" if (name, severity) == CLEAN else f"{label_of(name)}, severity {severity}"]
    lines += [text for text in [severity_parameters((name, severity), image.images.shape)] if text]
    if image.prediction is not None and image.confidence is not None:
        verdict = ("correct" if image.on_target[at] else "misclassified") if image.label is not None else ""
        verdict = verdict or ("as the clean picture" if image.on_target[at] else "other than the clean picture")
        predicted = f"predicted {image.classes[image.prediction[at]]}, confidence {100 * image.confidence[at]:.1f} %"
        lines.append(predicted if not at and image.label is None else f"{predicted}: {verdict}")
    return "\n".join(lines)
