"""One thing has one name on all pages, and what several of them say is written in one place."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.names import listed
from app.shell import families
from tests import ROOT


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """File and each string of the app that people may read, by its spaces or a capital; no docstrings."""
    return tuple(
        (file.relative_to(ROOT / "app").as_posix(), text)
        for file in sorted((ROOT / "app").rglob("*.py"))
        for text in _texts(file)
        if re.search(r"^[A-Z]| ", text)
    )


def _texts(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


# What else the word may stand for: images that networks make, a sample of statistics, a parameter, the page.
ELSEWHERE = (
    "generated/samples|shell/codec|sample of them|no sample\\b|bootstrap samples|resampled|sample = |"
    '"sample": |views/samples/.*: Samples$'
)


@pytest.mark.parametrize(
    ("word", "allowed"),
    [(r"\bsamples?\b", ELSEWHERE), (r"\bto mark\b|\b[Mm]ark some\b|\bof the marked\b", "^$"), (r"\bMACs\b", "^$")],
)
def test_one_thing_has_one_name(word: str, allowed: str) -> None:
    found = [f"{file}: {text}" for file, text in texts() if re.search(word, text, re.I if "sample" in word else 0)]
    assert not [each for each in found if not re.search(allowed, each)]
    scripts = [file.read_text("utf-8") for file in (ROOT / "app" / "assets").glob("*.js")]
    assert not re.search(r"[`\"']Sample \$", "\n".join(scripts))


@pytest.mark.parametrize(
    ("sentence", "where"),
    [
        (r"One seed, (so )?no intervals|eans over .*seeds with 95 % intervals \(Student", "shell/families.py"),
        (r"\[:-1\]\)\} and |\" and \"\.join|' and '\.join|, '\.join\(first\)\} and ", "names.py"),
    ],
)
def test_what_several_pages_say_is_written_once(sentence: str, where: str) -> None:
    files = {file.relative_to(ROOT / "app").as_posix(): file for file in (ROOT / "app").rglob("*.py")}
    assert [name for name, file in files.items() if re.search(sentence, file.read_text("utf-8"))] == [where]


def test_names_in_a_row() -> None:
    assert [listed(list("abcde")[:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert [listed("abcde"[:count], 3) for count in (4, 5)] == ["a, b, c and d", "a, b, c and 2 more"]


def test_what_means_are_over() -> None:
    assert families.mean_words(1, " of it", ", on images") == "One seed, so no intervals, on images."
    assert families.mean_words(3) == "Means over 3 seeds with 95 % intervals (Student's)."
    words = families.mean_words(3, " of it", ", on images", geometric=True)
    assert words == "Geometric means over 3 seeds with 95 % intervals (Student's, of the logarithm) of it, on images."
