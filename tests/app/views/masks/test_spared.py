"""The table of what early birds spare, on the study that ships with some."""

import pytest

from tests import ROOT
from tests.app.views.test_pages import draw, text

STUDY = ROOT / "sample_checkpoints" / "digits-lottery"


def test_a_row_for_each_training_of_a_chosen_early_bird(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {"study": "digits-lottery", "masks": "training"}
    page = draw("masks", STUDY, monkeypatch, **shown, tickets="dense~early_bird-90")
    assert "What early birds spare" in text(page)
    rows = next(each.value for each in page.dataframe if "spared_macs" in each.value.columns)
    assert rows["seed"].tolist() == [0, 1, 2]
    assert rows["kept_macs"].tolist() == pytest.approx([10] * 3)  # of linear layers, a tenth of the weights
    assert rows["spared_macs"].tolist() == pytest.approx(100 * (1 - (rows["drawn"] + 2.5) / 27.5))
    assert (rows["epochs"] == 25).all()


def test_none_without_an_early_bird(monkeypatch: pytest.MonkeyPatch) -> None:
    page = draw("masks", STUDY, monkeypatch, study="digits-lottery", masks="training", tickets="dense~imp-90")
    assert "What early birds spare" not in text(page)
