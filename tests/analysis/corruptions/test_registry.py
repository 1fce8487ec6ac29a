"""Corruptions, attacks and families that are added at run time, as a notebook or a plugin does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from analysis.corruptions import (
    CORRUPTIONS,
    FAMILIES,
    Family,
    attacks,
    corrupt,
    family_of,
    label_of,
    register_corruption,
    severities_of,
)
from analysis.corruptions.conditions import all_conditions, in_order
from analysis.corruptions.corruption import Attack, Corruption, Reach, Row, single
from analysis.corruptions.random import Draws
from analysis.corruptions.registry import ATTACKS
from pruning.errors import UserError
from pruning.execution import local_executor
from tests import ROOT
from tests.analysis.corruptions.pictures import flat, pictures


def turned_off(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Each pixel becomes black by chance, in all channels."""
    (share,) = parameters
    off = draws.words(images[0, 0].numel()).to(torch.int32) < share * 65536
    return images * ~off.view(len(images), 1, *images.shape[2:])


SHARES = single(0.25, 0.5)
DEAD = Corruption(
    "dead_pixels", "Dead pixels", "noise", turned_off, ("share",), {32: SHARES}, family="sensor", severities=(1, 2)
)


@pytest.fixture
def _sensor() -> Iterator[None]:
    FAMILIES.register(Family("sensor", "Sensor", "nobody 2026"))
    CORRUPTIONS.register(DEAD)
    yield
    CORRUPTIONS.unregister("dead_pixels")
    FAMILIES.unregister("sensor")


@pytest.mark.usefixtures("_sensor")
def test_a_corruption_that_is_registered_is_known_by_name_and_by_family() -> None:
    assert FAMILIES["sensor"].members == ("dead_pixels",)
    assert family_of("dead_pixels") == "sensor"
    assert label_of("dead_pixels") == "Dead pixels"
    assert all_conditions(["dead_pixels"], severities_of("dead_pixels"))[1:] == (("dead_pixels", 1), ("dead_pixels", 2))
    mixed = [("own_rain", 1), ("dead_pixels", 2), ("pgd", 1), ("fog", 2), ("clean", 0), ("dead_pixels", 1)]
    expected = ["clean", "fog", "pgd", "dead_pixels", "dead_pixels", "own_rain"]
    assert [name for name, _ in in_order(mixed)] == expected
    with pytest.raises(UserError, match="Did you mean 'dead_pixels'"):
        corrupt(flat(1), "dead_pixel", 1)
    with pytest.raises(UserError, match="Severity 3 of 'dead_pixels' does not exist: it has only severities 1 to 2"):
        corrupt(flat(1), "dead_pixels", 3)


@pytest.mark.usefixtures("_sensor")
def test_it_is_made_by_threads_and_by_other_processes_as_here() -> None:
    images = pictures(600, 3, 32, 32)  # enough for several threads
    whole = corrupt(images, "dead_pixels", 2, seed=3)
    off = (whole == 0).all(dim=1).float().mean().item()
    assert off == pytest.approx(0.5, abs=0.01)
    with local_executor(2) as pool:
        parts = [pool.submit(_corrupted, images[i : i + 300], range(i, i + 300)) for i in (0, 300)]
        assert torch.equal(torch.from_numpy(_joined([part.result() for part in parts])), whole)


def _corrupted(images: Tensor, index: range) -> object:
    return corrupt(images, "dead_pixels", 2, seed=3, index=index).numpy()


def _joined(parts: list[object]) -> object:
    import numpy as np

    return np.concatenate(parts)  # type: ignore[arg-type]


def test_an_attack_that_is_registered_is_made_for_a_network() -> None:
    def away(reach: Reach) -> Tensor:
        return (reach.clean - reach.eps * reach.direction(reach.clean)).clamp_(reach.low, reach.high)

    ATTACKS.register(Attack("helped", "Helped", away))
    try:
        assert FAMILIES["adversarial"].members == ("fgsm", "pgd", "helped")
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
        images, labels = pictures(20, 1, 8, 8), torch.arange(20) % 3
        helped = attacks.attack(network, images, labels, "helped", 3, mean=[0.5], std=[0.5])
        hurt = attacks.attack(network, images, labels, "fgsm", 3, mean=[0.5], std=[0.5])
        loss = [
            nn.functional.cross_entropy(network((shown / 255 - 0.5) / 0.5), labels).item()
            for shown in (helped, images, hurt)
        ]
        assert loss == sorted(loss)
        assert (helped.int() - images.int()).abs().max() == 4
    finally:
        ATTACKS.unregister("helped")


def test_a_corruption_without_a_row_for_each_severity_is_refused() -> None:
    with pytest.raises(UserError, match="'short' has 2 rows of parameters for 32 pixels and 5 severities"):
        Corruption("short", "Short", "noise", turned_off, ("share",), {32: SHARES}, family="sensor")


PLUGIN = """
from analysis.corruptions import Corruption, Family

FAMILY = Family("ink", "Ink", "nobody 2026")
CORRUPTION = Corruption(
    "negative", "Negative", "digital", lambda images, parameters, draws: 255 - images, (), {32: ((),)},
    family="ink", severities=(1,),
)
"""


def test_a_plugin_is_known_to_the_command_line(tmp_path: Path) -> None:
    plugin = tmp_path / "ink.py"
    plugin.write_text(PLUGIN)
    environment = {**os.environ, "PRUNING_PLUGINS": str(plugin)}
    listed = subprocess.run(
        [sys.executable, "-m", "analysis", "corruptions", "--family", "ink"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Ink (ink): nobody 2026" in listed.stdout
    assert "negative" in listed.stdout


@pytest.mark.parametrize(
    ("name", "why"),
    [("clean", "the images as they are"), ("my fog", "without spaces"), ("", "without spaces")],
)
def test_names_that_no_corruption_can_have_are_refused(name: str, why: str) -> None:
    with pytest.raises(UserError, match=f"A corruption cannot be called '{name}'.*{why}"):
        register_corruption(name, parameters=[1])(turned_off)
    with pytest.raises(UserError, match=f"An attack cannot be called '{name}'.*{why}"):
        Attack(name, "Mine", lambda reach: reach.clean)
    assert name not in CORRUPTIONS
