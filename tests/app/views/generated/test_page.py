"""The sections of Generated, drawn by Streamlit without a browser: of a VAE, a GAN and an autoencoder."""

import base64
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from app.load import open_study
from app.shell import layout
from app.shell.columns import describe
from app.views.generated import words
from app.views.generated.charts.tiles import tiled
from app.views.generated.facts import SCORES
from app.views.generated.page import shown
from pruning.study.commands import typed
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

Found = Callable[[str], Path]
CARDS = {
    ("vae", "samples"): 2,
    ("vae", "reconstructions"): 2,
    ("vae", "score"): 3,
    ("vae", "latent"): 1,
    ("gan", "samples"): 2,
    ("gan", "reconstructions"): 1,
    ("gan", "score"): 2,
    ("gan", "latent"): 0,
    ("autoencoder", "samples"): 0,
    ("autoencoder", "reconstructions"): 2,
    ("autoencoder", "score"): 2,
    ("autoencoder", "latent"): 1,
}


@pytest.mark.parametrize(("task", "section"), CARDS)
def test_every_section_is_drawn_or_says_why_not(
    task: str, section: str, generative_study: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("generated", generative_study(task), monkeypatch, generated=section)
    assert not test.error, text(test)
    assert charts(test) == CARDS[task, section]
    assert len(text(test)) > 150


@pytest.mark.parametrize("section", ["samples", "reconstructions", "score", "latent"])
def test_every_column_has_a_meaning(section: str, generative_study: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, tuple[list[str], dict[str, str]]] = {}
    header = layout.header

    def watched(title: str, data: pd.DataFrame, key: str, *rest: object, **options: object) -> None:
        names = [str(name) for name in data.columns]
        own = {name: options.get(name) for name in ("meanings", "percent")}
        found[key] = names, describe(names, own["meanings"], options.get("columns"), bool(own["percent"]))  # type: ignore[arg-type]
        header(title, data, key, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(layout, "header", watched)
    draw("generated", generative_study("vae"), monkeypatch, generated=section)
    assert found
    for key, (names, meanings) in found.items():
        assert set(names) == set(meanings), key


def test_one_sparsity_has_a_slider(generative_study: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = {"samples-way": "sheets", "samples-sparsity": "50"}
    test = draw("generated", generative_study("vae"), monkeypatch, **parameters)
    assert "64 samples of each at 50 % kept" in text(test)
    assert not test.error


def test_classifiers_make_no_images(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("generated", tiny_study, monkeypatch)
    assert "make no images" in text(test)
    assert not shown(open_study("tiny", tiny_study))


def test_what_is_not_measured_says_so(generative_study: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Path(shutil.copytree(generative_study("vae"), tmp_path / "copy", ignore=shutil.ignore_patterns("results")))
    for section in ("samples", "reconstructions", "score", "latent"):
        test = draw("generated", copy, monkeypatch, generated=section)
        assert typed("analysis", "run") in text(test)
        assert not test.error


def test_the_answer_names_winner_controls_and_collapse(generative_study: Found) -> None:
    study = open_study("tiny", generative_study("vae"))
    curve = pd.DataFrame(
        [("dense", "dense", 0.0, 10.0, 8.0, 12.0, 2, "seeds", False),
         ("imp-50", "imp", 0.5, 11.0, 9, 13, 2, "seeds", True),
         ("imp-75", "imp", 0.75, 20.0, 18, 22, 2, "seeds", False)],
        columns=["key", "method", "sparsity", "value", "low", "high", "n", "over", "winning"],
    )  # fmt: skip
    pairs = pd.DataFrame([("shuffled-75", "imp-75", 4.0, 3.0, 5.0, 0.01, 0.01, True, 2)],
                         columns=["a", "b", "ratio", "low", "high", "p", "p_holm", "differs", "seeds"])  # fmt: skip
    kl = pd.DataFrame([("imp-75", 0.01, 0.0, 0.02, True)], columns=["key", "kl", "low", "high", "collapsed"])
    said = words.answer(study, curve, SCORES["fd"], pairs, kl)
    assert "**IMP 50 %** is the sparsest ticket that wins" in said
    assert "**11.0 (9.00 to 13.0)**, the dense network has **10.0 (8.00 to 12.0)**" in said
    assert "1 of 1 control is shown to be worse than the ticket. Its FD is the ticket's times 4 (3 to 5)." in said
    assert "The posterior of IMP 75 % collapsed" in said
    none = words.answer(study, curve.assign(winning=False), SCORES["fd"], pairs.assign(seeds=1, differs=False), kl[:0])
    assert "No ticket wins" in none
    assert "more than one seed" in none


def test_fid_is_shown_where_it_is_measured(
    fid_study: Path, generative_study: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {"generated": "score", "made-score": "fid"}
    test = draw("generated", fid_study, monkeypatch, **parameters)
    assert not test.error
    assert "FID over the weights kept" in text(test)
    assert "FID: controls against their tickets" in text(test)
    assert "FID over the weights kept" not in text(
        draw("generated", generative_study("gan"), monkeypatch, **parameters)
    )


def test_samples_name_it_in_their_numbers(fid_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, list[str]] = {}
    header = layout.header

    def watched(title: str, data: pd.DataFrame, key: str, *rest: object, **options: object) -> None:
        found[key] = [str(name) for name in data.columns]
        header(title, data, key, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(layout, "header", watched)
    assert not draw("generated", fid_study, monkeypatch, generated="samples").error
    assert found["samples-rows"] == ["label", "sparsity", "seed", "fd", "fid", "precision", "recall", "nearest"]


def test_tiles_lie_where_they_belong() -> None:
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * 50 * np.ones((5, 1, 2, 3), dtype=np.uint8)
    file = io.BytesIO(base64.b64decode(tiled(images, 2).split(",")[1]))
    pixels = np.asarray(Image.open(file))[::3, ::3]
    assert pixels.shape == (8, 7, 4)
    assert [int(pixels[y, x, 0]) for y, x in ((0, 0), (0, 4), (3, 0), (3, 4), (6, 0))] == [0, 50, 100, 150, 200]
    assert pixels[6, 4, 3] == 0  # nothing there
