"""Local on the page Geometry: each view of it, its sentence, and what it does without images."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.results.store import Results
from app.answers.moves import Changes, answer
from app.views.geometry.columns_choice import samples_of
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

NOISE = {"corruption": "gaussian_noise", "severity": "3", "tickets": "dense~imp-90"}


def ids(folder: Path) -> dict[str, str]:
    return {entry.recipe.label: entry.id for entry in Study.open(folder).entries() if entry.recipe.seed == 0}


@pytest.mark.parametrize(
    ("link", "count", "title"),
    [
        ({"coloured": "class"}, 4, "Gap to the nearest other class against feature length: gaussian noise 3"),
        ({"local": "moves"}, 4, "Gaussian noise 3, against the clean images"),
        ({"local": "moves", "moved-as": "density", "against": "angle"}, 4, "Gaussian noise 3, against the clean"),
        ({"local": "moves", "moved-from": "baseline"}, 4, "Gaussian noise 3, against Dense"),
        ({"local": "pair", "class-a": "4", "class-b": "9"}, 4, "Classes 4 and 9, and the boundary between the two"),
    ],
)
def test_each_view_under_corruption(
    link: dict[str, str], count: int, title: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("geometry", tiny_study, monkeypatch, **NOISE, **link)
    assert charts(test) == count
    assert title in text(test)
    assert "Under **gaussian noise 3**, over 2 seeds, " in text(test)
    assert "95 % intervals over 2 seeds and the images." in text(test)
    assert "Drawn are the networks of seed 0 alone." in text(test)
    assert not test.error


@pytest.mark.parametrize("view", ["moves", "pair"])
def test_clean_images_are_held_against_the_baseline(
    view: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("geometry", tiny_study, monkeypatch, local=view)
    assert charts(test) == 3
    assert "On clean images" in text(test)
    assert not test.error


def test_the_baseline_alone_has_nothing_to_move_from(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch, local="moves", tickets="dense")
    assert "Only the baseline is shown" in text(test)
    assert not test.error
    test = draw("geometry", tiny_study, monkeypatch, **(NOISE | {"tickets": "dense"}))
    assert "in **Dense** by" in text(test) or "beyond noise" in text(test)


def test_the_mean_length_and_margin_are_those_that_were_stored(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worked out live, in units of the clean mean; stored, as they were."""
    test = draw("geometry", tiny_study, monkeypatch, **NOISE, vectors="raw")
    own, results = ids(tiny_study)["IMP 90 %"], Results(tiny_study)
    where = "corruption = 'gaussian_noise' AND severity = 3"
    stored = results.table("corrupted", ids=[own], where=where)
    clean = results.table("samples", ids=[own])
    row = test.dataframe[0].value.set_index("Ticket").loc["IMP 90 %"]
    expected = stored["length"].mean() / clean["length"].mean()
    assert float(row["Length (1 = clean)"]) == pytest.approx(expected, abs=0.011)
    assert float(row["Margin"]) == pytest.approx(stored["margin"].mean(), abs=0.02)


def test_without_the_images_stored_angles_are_shown_and_it_says_so(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "far"))
    file = study / "study.toml"
    monkeypatch.setenv("PRUNING_DATA", str(tmp_path / "nowhere"))
    file.write_text(file.read_text().replace('data = "digits"', 'data = "cifar10"'))
    for view in ("points", "moves"):
        test = draw("geometry", study, monkeypatch, **NOISE, local=view)
        assert charts(test) == 2
        assert "gaps need the images" in text(test)
        assert "suffers" not in text(test).replace("which class suffers?", "")
        assert not test.error
    test = draw("geometry", study, monkeypatch, **NOISE, local="pair")
    assert "The pictures are not on this machine" in text(test)
    assert not test.error


def made(turn: float, length: float, tickets: int = 3, seeds: tuple[int, ...] = (1, 1, 1)) -> Changes:
    """Tickets a, b, c, of which a changes most; a class of it is below zero."""
    names = list("abc")[:tickets]
    factors = np.array([1.0, 0.9, 0.5])[:tickets]
    table = pd.DataFrame({"key": names, "turn": turn * factors, "length": length * factors, "seeds": seeds[:tickets]})
    for name, width in (("turn", 1.0), ("length", 0.01)):
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - width, table[name] + width
    table = table.assign(turns=abs(table["turn"]) > 1, stretches=abs(table["length"]) > 0.01)
    pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    apart = pd.DataFrame(pairs, columns=["a", "b"]).assign(turns=[pair != ("a", "b") for pair in pairs], stretches=True)
    classes = pd.DataFrame({"key": ["a"], "label": [4], "below": [turn < 0]})
    worst = pd.DataFrame({"key": names, "label": 4, "change": -3.0 * factors, "low": -4.0, "high": -1.0,
                          "others": [(9,), (), ()][:tickets]})  # fmt: skip
    return Changes(table, apart, classes, worst if turn < 0 else worst[:0])


LABELS, DIGITS = {"a": "IMP 90 %", "b": "Random 90 %", "c": "Dense"}, list("0123456789")


def test_the_sentence_names_who_turns_who_shortens_and_which_class() -> None:
    said = answer(made(-12.0, -0.31), LABELS, DIGITS, "Under **fog 3**")
    assert (
        "the gap falls in all 3 tickets, most in **IMP 90 %** by 12.0° (11.0 to 13.0; not told apart from Random"
        in said
    )
    assert "features get shorter in all 3 tickets, most in **IMP 90 %** by 31 % (30 to 32)" in said
    assert "suffers most is **4** in IMP 90 %, Random 90 % and Dense (by up to 3.0°, 1.0 to 4.0" in said
    assert "not everywhere told apart from 9" in said
    assert "Nearer to another class on average: 4 in IMP 90 %." in said


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (
            [(9,)],
            "As measured, the class that suffers most is **4** in A (by 3.0°, 1.0 to 4.0, not told apart from",
        ),
        ([tuple(each for each in range(10) if each != 4)], "1.0 to 4.0, not told apart from any other class)."),
        ([(9,), (9,)], "not everywhere told apart from 9)."),
        ([()], "The class that suffers most is **4** in A (by 3.0°, 1.0 to 4.0)."),
    ],
)
def test_a_class_that_is_told_apart_from_none_suffers_most_as_measured_alone(
    others: list[tuple[int, ...]], said: str
) -> None:
    keys = list("ab")[: len(others)]
    worst = pd.DataFrame({"key": keys, "label": 4, "change": -3.0, "low": -4.0, "high": -1.0, "others": others})
    changes = made(-12.0, -0.31)
    none_below = changes.classes.assign(below=False)
    found = Changes(changes.tickets, changes.apart, none_below, worst)
    assert said in answer(found, {"a": "A", "b": "B", "c": "C"}, DIGITS, "Under fog 3")


def test_the_sentence_says_whether_it_is_about_methods() -> None:
    assert "3, in these networks (one seed), the gap falls" in answer(made(-12.0, 0.2), LABELS, DIGITS, "Under fog 3")
    said = answer(made(-12.0, 0.2, seeds=(3, 3, 3)), LABELS, DIGITS, "Under fog 3")
    assert said.startswith("Under fog 3, over 3 seeds, the gap falls in all 3 tickets")
    said = answer(made(-12.0, 0.2, seeds=(3, 1, 2)), LABELS, DIGITS, "Under fog 3")
    assert said.startswith("Under fog 3, over 1 to 3 seeds (Random 90 %: one network), the gap falls")


def test_the_sentence_claims_nothing_that_is_not_shown() -> None:
    said = answer(made(0.5, 0.001), LABELS, DIGITS, "Under **fog 1**")
    assert "no change of the gap is beyond noise; no change of the length is beyond noise" in said
    assert "No class is shown to lose." in said
    assert "most" not in said


def test_the_sentence_of_one_ticket_and_against_a_baseline() -> None:
    assert "the gap falls in **IMP 90 %** by 12.0°" in answer(made(-12.0, 0.2, 1), LABELS, DIGITS, "Under fog 3")
    said = answer(made(-12.0, 0.2), LABELS, DIGITS, "On clean images", "SNIP 90 %", lengths=False)
    assert "the gap is smaller than that of **SNIP 90 %** in all 3 tickets" in said
    assert "As measured, the class that is behind most is **4**" in said
    assert "features" not in said


def test_networks_without_a_last_linear_layer_have_no_angles(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = dict.fromkeys(["angle", "gap", "centred_angle", "raw_gap", "length"], np.nan)
    monkeypatch.setattr(
        "app.views.geometry.local_images.samples_of", lambda *arguments: samples_of(*arguments).assign(**nothing)
    )
    test = draw("geometry", tiny_study, monkeypatch)
    assert "have no last linear layer" in text(test)
    assert charts(test) == 0
    assert not test.error
