"""What a study lacks leads to studies that have it, and never to a command that deletes tickets."""

import pytest

from tests import ROOT
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401

SHIPPED = ROOT / "sample_checkpoints"


@pytest.mark.parametrize(
    ("page", "view", "shown", "study", "lacks"),
    [
        ("dynamics", {"dynamics": "line"}, "mnist5k-lenet5", "digits-lottery", "under another order of the data"),
        ("masks", {"masks": "training"}, "mnist5k-lenet5", "digits-lottery", "was not noted"),
        ("geometry", {"geometry": "layers"}, "digits-federated", "mnist5k-vit", "inner layers of these tickets"),
        ("robustness", {"section": "fourier"}, "digits-lottery", "mnist5k-lenet5", "measured on the Fourier basis"),
    ],
)
def test_an_empty_view_leads_to_studies_that_have_it(
    page: str, view: dict[str, str], shown: str, study: str, lacks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw(page, SHIPPED / shown, monkeypatch, study=shown, **view)
    assert lacks in text(test)
    assert "rm " not in "".join(block.value for block in test.code)
    monkeypatch.setenv("PRUNING_STUDIES", f"{SHIPPED / shown}:{SHIPPED / study}")
    there = [button for button in test.run().button if str(button.key).startswith("with-")]
    assert [button.label for button in there] == [study]
    there[0].click().run()
    assert not test.exception
    assert lacks not in text(test)
