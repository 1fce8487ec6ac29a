"""The section What if: sliders prune the dense network at once, undo takes back, and keep writes a method."""

import shutil
from pathlib import Path

import pytest

from app.views.masks.branches import Branches
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401


def test_sliders_prune_undo_and_keep(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "own"))
    test = draw("masks", folder, monkeypatch, masks="what-if")
    assert not test.error
    assert [slider.label for slider in test.slider] == ["fc1", "fc2", "fc3"]
    assert "100.0 %" in text(test)
    test.slider[1].set_value(50).run()
    kept = 1 - 0.5 * 30_000 / 50_200
    assert f"{100 * kept:.1f} %" in text(test)
    test.slider[0].set_value(90).run()
    assert '"fc1" = 0.9, "fc2" = 0.5, "fc3" = 0' in text(test)
    next(button for button in test.button if button.label == "Undo").click().run()
    assert [slider.value for slider in test.slider] == [0, 50, 0]
    next(button for button in test.button if button.label == "Write it into this study").click().run()
    assert "written down" in "\n".join(each.value for each in test.success)
    test.run()  # whatever draws the page again, it is still said
    assert "written down" in "\n".join(each.value for each in test.success)
    [recipe] = [recipe for recipe in Study.open(folder).recipes() if recipe.method == "by_hand" and recipe.seed == 0]
    assert recipe.option("layers") == {"fc1": 0.0, "fc2": 0.5, "fc3": 0.0}


def test_each_state_keeps_what_chose_its_weights(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch, masks="what-if")
    test.slider[1].set_value(95).run()
    [dense] = [each.id for each in Study.open(tiny_study).entries() if each.recipe.is_dense and each.recipe.seed == 0]
    tried: Branches = test.session_state[f"by hand tiny {dense}"]
    first = dict(tried.here.accuracies)
    test.selectbox(key="pick hand").set_value("synflow").run()
    assert [state.criterion for state in tried.states] == ["", "magnitude", "synflow"]
    assert tried.states[1].accuracies == first
    test.selectbox(key="pick hand-under").set_value("contrast").run()
    assert set(tried.here.accuracies) == {"Clean", "Fog 3", "Contrast 3"}
    next(button for button in test.button if button.label == "Undo").click().run()
    assert test.selectbox(key="pick hand").value == "magnitude"
    assert len(tried.states) == 3
    assert tried.here.accuracies["Clean"] == first["Clean"]
    assert [slider.value for slider in test.slider] == [0, 95, 0]
