"""The gallery page drawn without a browser: its summary, its pictures, and own pictures, also broken ones."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from analysis.corruptions import CORRUPTIONS, NAMES, corrupt
from app.pictures import study_images
from app.shell.codec import encode_samples
from pruning.data import load_data, normalise
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401

DATA = load_data("digits")
IMAGE = 7


def sheet(test: AppTest) -> str:
    """The HTML of the pictures; "" when there are none."""
    return next((part.proto.body for part in test.get("html") if 'class="sheet' in part.proto.body), "")


def pictures(html: str) -> list[np.ndarray]:
    """The pixels of every picture on the page, in its order."""
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in found]


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def upload(study: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, **parameters: str) -> AppTest:
    test = draw("gallery", study, monkeypatch, picture="own", **parameters)
    test.file_uploader[0].set_value(("mine.png", data, "image/png")).run()
    assert not test.exception
    return test


def test_the_page_shows_and_counts_what_the_network_reads(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("gallery", tiny_study, monkeypatch, image=str(IMAGE), noise="3", reader="imp-90")
    image, label = DATA.test.images[IMAGE : IMAGE + 1], int(DATA.test.labels[IMAGE])
    made = [corrupt(image, name, level, seed=3, index=[IMAGE]) for name in NAMES for level in range(1, 6)]
    entry = next(e for e in Study.open(tiny_study).entries() if e.recipe.label == "IMP 90 %" and e.recipe.seed == 0)
    ticket = Study.open(tiny_study).load(entry.id)
    with torch.no_grad():
        logits = ticket.model()(normalise(torch.cat(made), ticket.info.mean, ticket.info.std))
    right = int((logits.argmax(dim=1) == label).sum())
    assert f"IMP 90 % classifies {right} of 95 correctly, as {label}" in text(test)
    html = sheet(test)
    assert html.count('class="missed"') - html.count("<b>✗ ") == 0
    rows = [row.split("<td")[1:] for row in html.split("<tr>") if 'scope="row"' in row]
    assert len(rows) == 19
    assert sum('class="missed"' in cell for row in rows for cell in row[1:]) == 95 - right


def test_the_pictures_are_those_that_the_engine_makes(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = pictures(sheet(draw("gallery", tiny_study, monkeypatch, image=str(IMAGE))))
    assert len(shown) == 19 * 6
    image = DATA.test.images[IMAGE : IMAGE + 1]
    expected = {name: [image, *(corrupt(image, name, level, index=[IMAGE]) for level in range(1, 6))] for name in NAMES}
    order = [name for name in NAMES if not CORRUPTIONS[name].extra] + [n for n in NAMES if CORRUPTIONS[n].extra]
    wanted = [part[0, 0].numpy() for name in order for part in expected[name]]
    assert all(np.array_equal(a, b) for a, b in zip(shown, wanted, strict=True))


@pytest.mark.parametrize(("family", "count"), [("mnist_c", 24), ("fourier", 113), ("adversarial", 10)])
def test_other_families(family: str, count: int, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("gallery", tiny_study, monkeypatch, corruptions=family, image=str(IMAGE))
    assert re.search(rf"Dense classifies \d+ of {count} correctly, as {int(DATA.test.labels[IMAGE])}\b", text(test))
    assert not test.error


def test_another_image_is_of_the_class_asked_for_and_in_the_link(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("gallery", tiny_study, monkeypatch, **{"class": "4"})
    seen = set()
    for _ in range(4):
        test.button(key="another-image").click().run()
        index = int(np.ravel(test.query_params["image"])[0])
        assert int(DATA.test.labels[index]) == 4
        assert f"image {index}, class 4" in text(test).lower()
        seen.add(index)
    assert len(seen) == 4


def test_it_starts_with_the_first_selected_image_and_goes_through_them(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = encode_samples(np.array([11, 40, 75]))
    test = draw("gallery", tiny_study, monkeypatch, samples=samples)
    assert "image 11," in text(test).lower()
    for expected in (40, 75, 11):
        test.button(key="another-image").click().run()
        assert f"image {expected}," in text(test).lower()
    linked = draw("gallery", tiny_study, monkeypatch, samples=samples, image=str(IMAGE))
    assert f"image {IMAGE}," in text(linked).lower()  # what a link asks for comes first
    linked.button(key="another-image").click().run()
    assert "image 11," in text(linked).lower()
    label = int(DATA.test.labels[40])
    assert label != int(DATA.test.labels[11])
    of_class = draw("gallery", tiny_study, monkeypatch, samples=samples, **{"class": str(label)})
    assert "image 40," in text(of_class).lower()


def test_draw_again_changes_the_noise_and_nothing_else(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("gallery", tiny_study, monkeypatch, image=str(IMAGE))
    before = pictures(sheet(test))
    test.button(key="draw-again").click().run()
    after = pictures(sheet(test))
    assert np.ravel(test.query_params["noise"])[0] == "1"
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[5], after[5])  # Gaussian noise


def test_an_own_picture_that_fits_is_read_and_compared_with_itself(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = upload(tiny_study, monkeypatch, png(DATA.test.images[IMAGE, 0].numpy()))
    told = re.search(r"Dense classifies the clean picture as (\w) .*, and (\d+) of 95 corrupted ones too", text(test))
    assert told
    rows = [row.split("<td")[1:] for row in sheet(test).split("<tr>") if 'scope="row"' in row]
    marked = sum("<b>≠ " in cell for row in rows for cell in row[1:])
    assert marked == 95 - int(told[2])
    assert all("≠" not in row[0] for row in rows)


def test_an_own_picture_that_does_not_fit_is_shown_unread_unless_it_is_fitted(
    tiny_study: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    colourful = np.random.default_rng(0).integers(0, 256, (20, 12, 3), dtype=np.uint8)
    test = upload(tiny_study, monkeypatch, png(colourful))
    assert "it takes 8×8 pixels in grey, and this is 12×20 pixels in colour" in text(test)
    assert np.array_equal(pictures(sheet(test))[0], colourful)
    assert "missed" not in sheet(test)
    test.segmented_control(key="pick shape").set_value("fitted").run()
    assert pictures(sheet(test))[0].shape == (8, 8)
    assert "Dense classifies the clean picture as" in text(test)


def test_attacks_need_a_network_that_reads_the_picture(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = upload(tiny_study, monkeypatch, png(np.zeros((20, 12), np.uint8)), corruptions="adversarial")
    assert "Attacks are made for one network" in text(test)
    assert not sheet(test)


def test_a_broken_file_ends_in_one_sentence(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = png(np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8))
    for data in (b"", b"no picture at all", whole[: len(whole) // 2]):
        test = upload(tiny_study, monkeypatch, data)
        assert "mine.png cannot be read as a PNG or JPEG picture; upload another file." in text(test)
        assert not test.error
        assert not sheet(test)


def test_without_the_images_the_page_offers_the_upload(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_images, "pictures", lambda _: None)
    test = draw("gallery", tiny_study, monkeypatch)
    assert "The pictures are not on this machine: the study's data are digits." in text(test)
    assert len(test.file_uploader) == 1
    assert not test.error


def test_without_tickets_the_pictures_are_there(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("gallery", tiny_study, monkeypatch, tickets="none")
    assert len(pictures(sheet(test))) == 19 * 6


def test_garbage_in_the_link_leaves_the_page(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["picture", "class", "image", "corruptions", "noise", "reader", "size", "grid", "shape"]
    for garbage in ("<b>%00~-1", "99999999999999999999", "²"):
        test = draw("gallery", tiny_study, monkeypatch, **dict.fromkeys(names, garbage))
        assert len(pictures(sheet(test))) == 19 * 6
        assert not test.error
        for name in ("class", "image", "noise"):
            assert f"The link asks for {name} &quot;" in text(test)


def test_an_image_of_another_class_is_named_and_given_up(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = str((int(load_data("digits").test.labels[0]) + 1) % 10)
    test = draw("gallery", tiny_study, monkeypatch, **{"class": other, "image": "0"})
    assert "The link asks for image &quot;0&quot;, which is not here" in text(test)
    test = draw("gallery", tiny_study, monkeypatch, image="0")
    test.selectbox(key="pick class").set_value(other).run()
    assert "The link asks for" not in text(test)
    assert "image" not in test.query_params


def test_names_lead_to_the_curves_of_what_was_measured(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    html = sheet(draw("gallery", tiny_study, monkeypatch, image=str(IMAGE)))
    links = re.findall(r'href="robustness\?([^"]+)"', html)
    assert all("section=corruptions&amp;family=cifar_c" in link for link in links)
    assert sorted(re.search(r"corruption=(\w+)", link)[1] for link in links) == [  # type: ignore[index]
        "brightness",
        "gaussian_blur",
        "gaussian_noise",
    ]
