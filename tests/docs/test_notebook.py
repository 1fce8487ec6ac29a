"""docs/compare_three_ways.ipynb, run as it stands."""

import re
from typing import Any

import pytest
import torch

from tests import ROOT
from tests.docs import notebook

FILE = ROOT / "docs" / notebook.NAME
WAYS = ["Magnitude", "SNIP", "SynFlow"]


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What is there when all cells were run."""
    return notebook.run(notebook.read(FILE))


def test_three_ways_leave_as_many_weights_and_these_stay(names: dict[str, Any]) -> None:
    for way in WAYS:
        masks, network = names["pruned"][way].masks, names["networks"][way]
        total = sum(mask.numel() for mask in masks.values())
        assert sum(int(mask.sum()) for mask in masks.values()) == total - round(0.9 * total)
        assert all(bool((dict(network.named_parameters())[name][~mask] == 0).all()) for name, mask in masks.items())


def test_accuracies_are_those_of_a_plain_loop(names: dict[str, Any]) -> None:
    inputs, labels = names["held_out"]
    clean = names["scores"].query("corruption == 'clean'").set_index("ticket")["mean"]
    with torch.no_grad():
        plain = {
            name: (net.eval()(inputs).argmax(1) == labels).float().mean() for name, net in names["networks"].items()
        }
    assert clean.to_dict() == pytest.approx({name: float(value) for name, value in plain.items()}, abs=1e-6)
    assert clean.min() > 0.8


def test_what_is_kept_is_small_and_whole() -> None:
    ours = notebook.read(FILE)
    code = [cell for cell in ours["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    pictures = [out for cell in code for out in cell["outputs"] if "image/png" in out.get("data", {})]
    assert len(pictures) == 1
    assert FILE.stat().st_size < 200_000
    assert len({cell["id"] for cell in ours["cells"]}) == len(ours["cells"])
    text = "".join(line for cell in ours["cells"] for line in cell["source"])
    assert all((FILE.parent / link).exists() for link in re.findall(r"\]\(([^)#]+)", text))


def test_outputs_are_kept_as_jupyter_keeps_them() -> None:
    cells = [
        {"cell_type": "code", "source": ["a = 2\n", "print(a)\n", "a + 1"]},
        {"cell_type": "markdown", "source": []},
    ]
    ours: dict[str, Any] = {"cells": cells}
    assert notebook.run(ours)["a"] == 2
    stream, result = ours["cells"][0]["outputs"]
    assert stream == {"name": "stdout", "output_type": "stream", "text": ["2\n"]}
    assert result["data"] == {"text/plain": ["3"]}
    assert result["execution_count"] == ours["cells"][0]["execution_count"] == 1
