"""First sentences of pages, of made-up tables: they count what is shown and name what is measured."""

import pandas as pd
import pytest

from analysis.comparisons.fragility import Exchanged
from analysis.comparisons.masking import ONE_STEP, WITHOUT
from analysis.statistics.verdicts import CANNOT_TELL, EQUIVALENT
from app.answers import cells, masking
from app.shell.score import ACCURACY
from app.views.dynamics import cost, line
from app.views.federated import words as federated
from app.views.robustness import calibration
from app.views.samples.ordered import lost_in_words
from app.views.studies import cards
from app.views.supernet import words as supernet

LABELS = {"a": "A", "b": "B", "c": "C", "d": "Dense"}


def cell(key: str, place: str, difference: float, verdict: str) -> dict[str, object]:
    return {"key": key, "place": place, "difference": difference, "low": difference - 0.02, "high": difference + 0.01,
            "verdict": verdict, "over": "seeds"}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [cell("a", "fog", -0.2, "differs"), cell("a", "snow", -0.1, "differs"), cell("b", "fog", 0.1, CANNOT_TELL)],
            "Against **Dense**, of 2 tickets: **1** is less accurate under some of 3, most as measured **A** in fog: "
            "by 20.0 points (19.0 to 22.0); of B no difference is shown.",
        ),
        (
            [cell("a", "fog", -0.2, "differs"), cell("b", "snow", 0.1, "differs")],
            "Against **Dense**, of 2 tickets: **1** is less accurate under some of 3, most as measured **A** in fog: "
            "by 20.0 points (19.0 to 22.0); **1** is more accurate under some of 3, most as measured **B** in snow: by "
            "10.0 points (8.0 to 11.0).",
        ),
        ([cell("a", "fog", -0.2, CANNOT_TELL)],
         "Against **Dense**, **no** difference of 1 ticket is shown under any of 3."),
    ],
)  # fmt: skip
def test_cells(rows: list[dict[str, object]], said: str) -> None:
    assert cells.answer(pd.DataFrame(rows), LABELS, "Dense", "under {some}3", "in {}".format) == said


def test_one_condition_is_neither_some_nor_any() -> None:
    rows = pd.DataFrame([cell("a", "fog", -0.2, CANNOT_TELL)])
    for count, said in ((1, "in 1 other domain"), (3, "in any of 3 other domains")):
        under = cells.conditions("in", count, "other domain", "other domains")
        assert cells.answer(rows, LABELS, "Dense", under, str).endswith(f"is shown {said}.")


def test_calibration_counts_what_noise_does_not_explain() -> None:
    table = pd.DataFrame(
        {"key": ["a", "b"], "ece": [0.1, 0.02], "ece_low": [0.08, 0.0], "ece_high": [0.12, 0.04],
         "accuracy": [0.8, 0.9], "confidence": [0.9, 0.9], "floor_high": [0.03, 0.03]}
    )  # fmt: skip
    said = calibration.sentence(table, LABELS, "fog")
    assert said.startswith("**1** of 2 tickets is farther from calibrated than noise explains")
    assert "**A**: ECE 10.0 points (8.0 to 12.0), a confidence of 90.0 % where 80.0 % are right" in said
    assert "of **1** it is not shown" in said
    assert "**not shown**" in calibration.sentence(table.iloc[1:], LABELS, "fog")


def test_barriers_are_told_by_their_interval() -> None:
    rows = pd.DataFrame(
        {"key": ["a", "b", "c"], "value": [0.01, 0.02, 0.05], "low": [0.0, 0.01, 0.03], "high": [0.015, 0.03, 0.07],
         "seeds": 3, "verdict": ["stable", "cannot tell", "unstable"]}
    )  # fmt: skip
    assert line.sentence(rows, LABELS) == (
        "Of 3 pairs of trainings, each by itself: **1** has a barrier below 2 points with all of its interval, the "
        "lowest as measured **A** with 1.0 points (0.0 to 1.5); **1** has a barrier not below 2 points with all of its "
        "interval, the highest as measured **C** with 5.0 points (3.0 to 7.0); of **1** one cannot tell (B)."
    )


def test_the_cheapest_is_named_among_those_that_are_shown_to_be_as_good() -> None:
    table = pd.DataFrame({"a": ["a", "b"], "over": "images"})
    good = pd.DataFrame({"a": ["a"], "difference": [-0.001], "low": [-0.004], "high": [0.002], "epochs": [9.0]})
    epochs = pd.Series({"a": 9.0, "b": 3.0, "d": 12.0})
    assert cost.sentence(good, table, epochs, "d", LABELS, 0.01) == (
        "Of 2 tickets (these networks) **1** is shown to be as good as **Dense** within 1 point or better; of these "
        "**A** took the fewest epochs, 9 against 12 (accuracy −0.1 points, −0.4 to +0.2)."
    )
    none = cost.sentence(good.iloc[:0], table, epochs, "d", LABELS, 0.01)
    assert none == "Of 2 tickets (these networks) **none** is shown to be as good as **Dense** within 1 point; " \
        "Dense took 12 epochs."  # fmt: skip


def test_images_lost_are_said_beside_those_won() -> None:
    said = lost_in_words(Exchanged((0.04, 0.031, 0.05), (0.038, 0.03, 0.045), 100, 9, 5), "Dense")
    assert said.startswith(
        "Of the predictions of 5 tickets on all 100 images **4.0 %** (3.1 to 5.0 %) are wrong where **Dense** is "
        "right, and 3.8 % (3.0 to 4.5 %) right where it is wrong; 9 of these images make half of what is lost."
    )


def test_studies_say_which_ticket_differs_most_and_on_which_images() -> None:
    rows = pd.DataFrame(
        {"key": ["a", "a", "b"], "measure": ["accuracy", "corrupted", "accuracy"], "difference": [-0.01, -0.05, None],
         "low": [-0.03, -0.06, None], "high": [0.01, -0.04, None], "verdict": ["cannot tell", "differs", ""],
         "over": "seeds"}
    )  # fmt: skip
    assert cards.sentence(rows, LABELS, ("One", "Two"), 0.01) == (
        "**Two** against **One**, ticket by ticket: of 2 pairs **1** differs; most as measured **A** (corrupted, "
        "mean): −5.0 points (−6.0 to −4.0); of **1** one cannot tell."
    )
    assert cards.sentence(rows.iloc[2:], LABELS, ("One", "Two"), 0.01) == ""


def test_what_is_equivalent_is_not_counted_among_what_cannot_be_told() -> None:
    row = {"key": "a", "difference": 0.0004, "low": -0.0005, "high": 0.0013, "over": "seeds"}
    same, unknown = (pd.DataFrame([row | {"verdict": each}]) for each in (EQUIVALENT, CANNOT_TELL))
    both = pd.concat([same, unknown])
    assert federated.held_against(same, "b", LABELS) == "Held against B: 1 of 1 is shown to be as accurate."
    assert federated.held_against(both, "b", LABELS).endswith(
        "1 of 2 is shown to be as accurate; 1 of 2 cannot be told apart."
    )
    assert supernet.against(both, "b", LABELS, ACCURACY) == (
        "Held against B: 1 of 2 shown to be equivalent; 1 of 2 cannot be told from it."
    )


def test_what_an_attack_without_bounds_leaves_is_said_as_a_share() -> None:
    """It is held against 1 % and not against none, so that it is no clearer a sign for that."""
    rows = pd.DataFrame(
        [("a", WITHOUT, 0.05, 0.036, 0.064), ("b", ONE_STEP, -0.045, -0.06, -0.03)],
        columns=["key", "sign", "difference", "low", "high"],
    ).assign(norm="linf", size=8.0, shown=True)
    said = masking.answer(rows, LABELS, str)
    assert "Clearest as measured, of **B**" in said
    assert "by 4.5 points (3.0 to 6.0)" in said
    alone = masking.answer(rows[:1], LABELS, str)
    assert "leaves more than 1 % of the images right, 5.0 % (3.6 to 6.4)." in alone
    assert "1 comparison;" in alone
