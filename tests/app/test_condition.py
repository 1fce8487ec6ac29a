"""The chooser of the condition: what it offers, what it says, and what it leaves in the link."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.condition import condition_parameters, condition_text
from tests.app.views.test_pages import _fresh, draw, run_script  # noqa: F401


def picked(folder: Path, monkeypatch: pytest.MonkeyPatch, **link: str) -> AppTest:
    """The chooser alone, and under it what it says."""

    def script() -> None:
        import streamlit as st

        from app.condition import pick_condition
        from app.shell import navigation
        from app.shell.url import synchronise

        synchronise()
        selection = navigation.select()
        assert selection is not None
        st.text(repr(pick_condition(selection)))
        for note in selection.notes:
            st.caption(note)

    return run_script(script, folder, monkeypatch, link)


def one(value: str | list[str]) -> str:
    return value if isinstance(value, str) else value[0]


def test_the_clean_images_come_first_and_a_choice_goes_into_the_link(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = picked(tiny_study, monkeypatch)
    assert test.text[0].value == "('clean', 0)"
    chooser = test.selectbox(key="pick condition")
    assert chooser.options == ["Clean images", "Gaussian noise", "Brightness", "Gaussian blur"]
    chooser.set_value("brightness").run()
    assert test.text[0].value == "('brightness', 3)"
    assert one(test.query_params["corruption"]) == "brightness"
    assert "severity" not in test.query_params
    test.button_group(key="pick severity").set_value("1").run()
    assert test.text[0].value == "('brightness', 1)"
    test.selectbox(key="pick condition").set_value("clean").run()
    assert test.text[0].value == "('clean', 0)"
    assert "corruption" not in test.query_params


def test_the_choice_is_that_of_the_page_robustness(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = {name: str(value) for name, value in condition_parameters(("gaussian_noise", 3)).items() if value}
    assert picked(tiny_study, monkeypatch, **link).text[0].value == "('gaussian_noise', 3)"
    test = draw("robustness", tiny_study, monkeypatch, section="corruptions", **link)
    assert test.selectbox(key="pick corruption").value == "gaussian_noise"
    assert test.button_group(key="pick severity").value == "3"


@pytest.mark.parametrize("link", [{"corruption": "fog"}, {"family": "<b>~"}, {"corruption": "x", "severity": "9"}])
def test_what_was_not_measured_is_passed_over(
    link: dict[str, str], tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = picked(tiny_study, monkeypatch, **link)
    assert not test.exception
    assert test.text[0].value == "('clean', 0)"
    assert ("corruption" in link) == any("passed over" in note.value for note in test.caption)


def test_the_mean_of_the_page_robustness_is_no_mistake(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = picked(tiny_study, monkeypatch, corruption="mean")
    assert test.text[0].value == "('clean', 0)"
    assert not test.caption


def test_another_family_has_a_parameter_of_its_own() -> None:
    assert condition_parameters(("shear", 2)) == {"family": "mnist_c", "corruption-mnist-c": "shear", "severity": "2"}
    assert condition_parameters(("clean", 0)) == {"family": None, "corruption": None}
    assert condition_text(("fog", 3)) == "Fog 3"
    assert condition_text(("clean", 0)) == "Clean images"
