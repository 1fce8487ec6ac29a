"""Kept selections: what is kept comes back, whatever its name; what others write into the folder is survived."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.results import selections
from analysis.results.selections import forget, keep, kept
from pruning.errors import UserError

HOSTILE = ["../../etc/passwd", "/etc/passwd", "..", "a/b\\c", "con.json", "<b>&\"'`$x$", "\u202egnp.exe", "é" * 80, "."]


def test_what_is_kept_comes_back_and_stays_within_the_folder(tmp_path: Path) -> None:
    study = tmp_path / "study"
    for place, name in enumerate(HOSTILE):
        file = keep(study, name, [place + 3, place], labels=np.arange(100), words=name * 9)
        assert file.parent == study / "selections"
    found, problems = kept(study)
    assert problems == []
    assert {one.name: one.images.tolist() for one in found} == {
        name: [place, place + 3] for place, name in enumerate(HOSTILE)
    }
    assert all(one.of == 100 for one in found)
    assert all(one.is_of(np.arange(100)) for one in found)
    assert not any(one.is_of(other) for one in found for other in (np.arange(99), np.arange(1, 101)))
    assert sorted(path.name for path in tmp_path.rglob("*.json")) == sorted(one.file.name for one in found)

    keep(study, " a/b\\c\n", [7], labels=np.arange(100))  # the same name again
    found, _ = kept(study)
    assert len(found) == len(HOSTILE)
    chosen = next(one for one in found if one.name == "a/b\\c")
    assert chosen.images.tolist() == [7]
    forget(chosen)
    forget(chosen)
    assert len(kept(study)[0]) == len(HOSTILE) - 1


GOOD = {"name": "a", "words": "", "of": 9, "labels": "0123456789abcdef", "images": [1, 2]}
BAD = {
    "no json": "{",
    "a list": "[]",
    "another key": json.dumps({**GOOD, "more": 1}),
    "no name": json.dumps({**GOOD, "name": ""}),
    "a number as name": json.dumps({**GOOD, "name": 3}),
    "falling": json.dumps({**GOOD, "images": [2, 1]}),
    "twice": json.dumps({**GOOD, "images": [1, 1]}),
    "negative": json.dumps({**GOOD, "images": [-1, 1]}),
    "beyond": json.dumps({**GOOD, "images": [9]}),
    "enormous": json.dumps({**GOOD, "images": [10**30]}),
    "none": json.dumps({**GOOD, "images": []}),
    "deep": "[" * 100_000,
    "half": json.dumps({**GOOD, "images": [1.5]}),
    "no digest": json.dumps({**GOOD, "labels": "0123"}),
    "many": json.dumps({**GOOD, "of": 2**60}),
}


def test_what_cannot_be_used_is_named_and_the_rest_is_there(tmp_path: Path) -> None:
    keep(tmp_path, "good", [4], labels=np.arange(9))
    for place, content in enumerate(BAD.values()):
        (tmp_path / "selections" / f"{place}.json").write_text(content)
    (tmp_path / "selections" / "bytes.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "selections" / "folder.json").mkdir()
    found, problems = kept(tmp_path)
    assert [one.name for one in found] == ["good"]
    assert len(problems) == len(BAD) + 2
    for sentence in problems:
        assert sentence.endswith("delete it.")
        assert "\n" not in sentence


@settings(max_examples=40)
@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_content_is_survived(tmp_path_factory: pytest.TempPathFactory, anything: object) -> None:
    folder = tmp_path_factory.mktemp("kept")
    (folder / "selections").mkdir()
    (folder / "selections" / "a.json").write_text(json.dumps({**GOOD, "images": anything}))
    found, problems = kept(folder)
    assert len(found) + len(problems) == 1


def test_nothing_leaves_the_study_by_a_link(tmp_path: Path) -> None:
    elsewhere, study = tmp_path / "elsewhere", tmp_path / "study"
    elsewhere.mkdir()
    study.mkdir()
    (study / "selections").symlink_to(elsewhere)
    with pytest.raises(UserError, match="leads out of the study"):
        keep(study, "a", [1], labels=np.arange(9))
    assert kept(study)[1] == [f"{study}/selections is a link that leads out of the study; put a folder in its place."]
    assert not list(elsewhere.iterdir())
    (study / "selections").unlink()
    (study / "selections").mkdir()
    (elsewhere / "secret.json").write_text(json.dumps(GOOD))
    (study / "selections" / "a.json").symlink_to(elsewhere / "secret.json")
    found, problems = kept(study)
    assert not found
    assert "passed over" in problems[0]


def test_where_nothing_can_be_written_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "selections").write_text("a file in its place")
    with pytest.raises(UserError, match=r"Cannot write .*; nothing was changed"):
        keep(tmp_path, "a", [1], labels=np.arange(9))
    assert kept(tmp_path) == ([], [])
    if os.geteuid():  # root may write anywhere
        folder = tmp_path / "read-only"
        folder.mkdir(mode=0o500)
        with pytest.raises(UserError, match="permission denied"):
            keep(folder, "a", [1], labels=np.arange(9))


@pytest.mark.parametrize(("name", "images"), [("", [1]), ("x" * 81, [1]), ("a", []), ("a", [9, -1])])
def test_what_is_not_kept(tmp_path: Path, name: str, images: list[int]) -> None:
    with pytest.raises(UserError):
        keep(tmp_path, name, np.array(images, dtype=int), labels=np.arange(9))
    assert not list(tmp_path.iterdir())


def test_a_folder_without_end_is_read_as_far_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selections, "MOST", 2)
    for name in "abc":
        keep(tmp_path, name, [1], labels=np.arange(9))
    found, problems = kept(tmp_path)
    assert len(found) == 2
    assert "first 2 are read" in problems[0]
