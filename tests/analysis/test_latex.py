import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.latex import escape, interval, number, table

MATH = {
    "times",
    "pm",
    "cdot",
    "rightarrow",
    "leq",
    "geq",
    "approx",
    "infty",
    "Delta",
    "sigma",
    "tau",
    "rho",
    "ell",
    "circ",
}
TEXT = {
    "textbf",
    "textbackslash",
    "textasciitilde",
    "textasciicircum",
    "textless",
    "textgreater",
    "textbar",
    "textendash",
    "ldots",
}


def check_text(text: str) -> None:
    """What may stand in a cell or a caption: known commands in their mode, closed braces and formulas, no specials."""
    depth, math = 0, False
    for token in re.findall(r"\\[A-Za-z]+|\\.|.", text, flags=re.DOTALL):
        if len(token) > 2 or token[:1] == "\\":
            assert token[1:] in (MATH if math else TEXT) or token[1:] in tuple("&%$#_{}"), token
        elif token in "{}":
            depth += 1 if token == "{" else -1
            assert depth >= 0
        elif token == "$":
            math = not math
        else:
            assert token not in "&%#_\\\n", token
            assert token != "^" or math
    assert (depth, math) == (0, False)


def check(source: str) -> list[list[str]]:
    """A strict reader of such tables: fails where LaTeX would, or on anything not expected. Returns the cells."""
    assert source.endswith("\n")
    package, *lines = source[:-1].split("\n")
    assert package == "% \\usepackage{booktabs}"
    if lines[0] == "\\begin{table}":
        assert (lines[1], lines[-1]) == ("\\centering", "\\end{table}")
        lines = lines[2:-1]
        if found := re.fullmatch(r"\\caption\{(.*)\}", lines[0]):
            check_text(found[1])
            lines = lines[1:]
        if re.fullmatch(r"\\label\{[A-Za-z0-9:._-]+\}", lines[0]):
            lines = lines[1:]
    begin, top, header, middle, *body, bottom, end = lines
    assert (top, middle, bottom, end) == ("\\toprule", "\\midrule", "\\bottomrule", "\\end{tabular}")
    columns = re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", begin)
    assert columns
    rows = []
    for line in (header, *body):
        assert line.endswith(r" \\")
        assert not line.startswith(("[", "*")), "would be taken for an argument of the line's end before"
        cells = re.split(r"(?<!\\)&", line[:-3])
        assert len(cells) == len(columns[1])
        for cell in cells:
            check_text(cell)
        rows.append([cell.strip() for cell in cells])
    return rows


FRAME = pd.DataFrame(
    {
        "ticket": ["magnitude_50%", "random & co"],
        "accuracy": [71.234, -0.04],
        "low": [70.1, np.nan],
        "high": [72.36, 1.0],
        "n": [12, 3],
    }
)


def test_a_table_as_it_is_written() -> None:
    found = table(
        FRAME.assign(best=[True, False]), {"accuracy": 2}, {"accuracy": ("low", "high")}, bold={"accuracy": "best"}
    )
    assert found == (
        "% \\usepackage{booktabs}\n"
        "\\begin{tabular}{lrr}\n"
        "\\toprule\n"
        "ticket & accuracy & n \\\\\n"
        "\\midrule\n"
        "magnitude\\_50\\% & \\textbf{71.23} [70.10, 72.36] & 12 \\\\\n"
        "random \\& co & $-$0.04 & 3 \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
    )
    assert check(found)[1] == ["magnitude\\_50\\%", "\\textbf{71.23} [70.10, 72.36]", "12"]


def test_caption_label_headers_and_several_bold_rows() -> None:
    frame, bold = FRAME.assign(one=[True, True], other=[False, True]), {"accuracy": "one", "ticket": "other"}
    found = table(frame, headers={"accuracy": "Accuracy (%)"}, bold=bold, caption="50 % & more", label="tab:a_b-1")
    rows = check(found)
    assert rows[0][1] == "Accuracy (\\%)"
    assert [row[1] for row in rows[1:]] == ["\\textbf{71.2}", "\\textbf{0.0}"]
    assert rows[2][0] == "\\textbf{random \\& co}"
    assert "\\begin{table}\n\\centering\n\\caption{50 \\% \\& more}\n\\label{tab:a_b-1}\n\\begin{tabular}" in found
    assert found.endswith("\\end{tabular}\n\\end{table}\n")
    assert "caption" not in table(FRAME, label="x")


@given(st.permutations(range(1, 21)))
def test_marks_stay_with_their_rows(order: list[int]) -> None:
    """Ranks 10 to 19 begin with a 1, and do not win."""
    frame = pd.DataFrame({"rank": [f"{rank} =" for rank in range(1, 21)], "best": [True] + [False] * 19})
    lines = table(frame.iloc[[place - 1 for place in order]], bold={"rank": "best"}).splitlines()
    assert [line for line in lines if "textbf" in line] == ["\\textbf{1 =} \\\\"]


def test_numbers() -> None:
    assert [number(value, 2) for value in (1.005, -1.5, -0.001, 0, None, np.nan)] == [
        "1.00",
        "$-$1.50",
        "0.00",
        "0.00",
        "--",
        "--",
    ]
    assert number(np.inf) == "$\\infty$"
    assert number(-np.inf) == "$-\\infty$"
    assert number(1234.5, 0) == "1234"
    assert interval(-1, -2.25, 0.04) == "$-$1.0 [$-$2.2, 0.0]"
    assert interval(np.nan, 1, 2) == "--"
    assert interval(1, 0, 2, digits=0, bold=True) == "\\textbf{1} [0, 2]"


def test_missing_cells_and_odd_ones() -> None:
    frame = pd.DataFrame({"name": ["[x]", None, "*"], "yes": [True, False, True], "value": [1.0, np.nan, 3.0]})
    found = table(frame.assign(best=[True, True, False]), bold={"value": "best"})
    assert check(found)[1:] == [["{}[x]", "True", "\\textbf{1.0}"], ["--", "False", "--"], ["{}*", "True", "3.0"]]
    assert "{llr}" in found
    assert check(table(FRAME[:0])) == [["ticket", "accuracy", "low", "high", "n"]]


SHOWN = {"textasciitilde": "~", "textasciicircum": "^", "textless": "<", "textgreater": ">", "textbar": "|"}


def unescape(text: str) -> str:
    """What the page shows of ASCII."""
    for command, char in {**SHOWN, "textbackslash": "\0"}.items():
        text = text.replace(f"\\{command}{{}}", char)
    text = re.sub(r"(?<=[-?!])\{\}(?=[-`])", "", text)
    return re.sub(r"\\([&%$#_{}])", r"\1", text).replace("''", '"').replace("\0", "\\")


@given(texts=st.lists(st.text(st.characters(min_codepoint=9, max_codepoint=126), max_size=12), min_size=2, max_size=2))
@settings(max_examples=300, deadline=None)
def test_any_text_compiles_and_reads_as_it_was(texts: list[str]) -> None:
    frame = pd.DataFrame({"a": texts, "b": texts[::-1]})
    rows = check(table(frame.assign(best=[True, False]), bold={"b": "best"}, caption=texts[0], headers={"a": texts[1]}))
    assert len(rows) == 3
    for text in texts:
        plain = "".join(char for char in " ".join(text.split()) if char.isprintable())
        if "''" not in plain and "\"'" not in plain and "'\"" not in plain:
            assert unescape(escape(text)) == plain


def test_signs_that_pdflatex_lacks_are_written_out() -> None:
    assert escape("σ = 1 ± 2, −3 × 4") == "$\\sigma$ = 1 $\\pm$ 2, $-$3 $\\times$ 4"
    assert escape("größer") == "größer"
    assert escape("10 %\n") == "10 \\%"
    assert escape("1–2 --rate ?`") == "1\\textendash{}2 -{}-rate ?{}`"


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="no column 'acc'"):
        table(FRAME, digits={"acc": 1})
    with pytest.raises(ValueError, match="no column 'top'"):
        table(FRAME, intervals={"accuracy": ("low", "top")})
    with pytest.raises(ValueError, match="'low' is of float64"):
        table(FRAME, bold={"n": "low"})
    with pytest.raises(ValueError, match="name of its own"):
        table(FRAME[["n", "n"]])
    with pytest.raises(ValueError, match="not 'a b'"):
        table(FRAME, label="a b")


@pytest.mark.parametrize(
    "broken", ["{", "}", "$", "_", "#", "&", "\\foo", "\\\\", "\\\\ [", "^", "\\end{table}", "\n", "$\\textbf{a}$"]
)
def test_the_check_notices_what_would_not_compile(broken: str) -> None:
    with pytest.raises(AssertionError):
        check(table(FRAME).replace("magnitude", f"magnitude{broken}"))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
def test_pdflatex_takes_it(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": [*map(chr, range(33, 127)), "[", "σ ± × − ≤ ∞ ° ² …"], "n": np.arange(96) - 4.5})
    body = table(frame.assign(best=True), bold={"n": "best"}, intervals={}, caption="a & b", label="tab:x")
    source = f"\\documentclass{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{body}\\end{{document}}\n"
    (tmp_path / "t.tex").write_text(source, encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"], cwd=tmp_path, capture_output=True
    )
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
