"""Effects beside a reference: tolerances, the table's file, and the command that prints it."""

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.cli.reference_check import COLUMNS, compare, read_reference, save, tolerance
from analysis.corruptions import FAMILIES
from analysis.metrics.corruption_effects import Effect
from pruning.data import load_data
from pruning.errors import UserError
from pruning.models import build_model
from tests.analysis.cli.test_commands import Command, cells, command

__all__ = ["command"]

FOG = Effect("fog", 3, 20.0, -1.0, 18.0, 0.5, 0.8)
FROST = replace(FOG, corruption="frost")


@pytest.mark.parametrize(
    ("effect", "figure", "inside", "outside"),
    [
        (FOG, "mean_abs_diff", (19.01, 20.99), (18.99, 21.01)),
        (FROST, "mean_abs_diff", (18.01, 21.99), (17.99, 22.01)),
        (FOG, "psnr_db", (17.51, 18.49), (17.49, 18.51)),
        (FOG, "gradient_energy_ratio", (0.451, 0.549), (0.449, 0.551)),
        (FROST, "gradient_energy_ratio", (0.451, 0.549), (0.449, 0.551)),
        (FOG, "accuracy", (0.771, 0.829), (0.769, 0.831)),
        (FOG, "mean_diff", (-9.0, 9.0), ()),
    ],
)
def test_tolerances_are_those_of_the_project(
    effect: Effect, figure: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    def changed(value: float) -> Effect:
        return Effect(**asdict(effect) | {figure: value})

    for value in inside:
        assert compare(changed(value), effect).outside == ()
    for value in outside:
        found = compare(changed(value), effect)
        assert found.outside == (figure,)
        assert found.worst == figure


def test_what_is_missing_is_not_compared_and_nan_is_out() -> None:
    assert compare(replace(FOG, accuracy=None), FOG).outside == ()
    assert "accuracy" not in compare(FOG, replace(FOG, accuracy=None)).used
    assert compare(replace(FOG, psnr_db=math.nan), FOG).outside == ("psnr_db",)
    assert tolerance("fog", "mean_abs_diff").used(0.0, 0.0) == 0
    assert tolerance("fog", "mean_abs_diff").used(0.1, 0.0) == math.inf


def test_a_saved_table_is_a_reference(tmp_path: Path) -> None:
    save(tmp_path / "table.csv", [FOG, replace(FROST, accuracy=None)])
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert lines[1] == "fog,3,20.000,-1.000,18.00,0.500,0.8000"
    assert read_reference(tmp_path / "table.csv") == {("fog", 3): FOG, ("frost", 3): replace(FROST, accuracy=None)}


def test_the_accuracy_may_name_its_network(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(f"{','.join(COLUMNS[:-1])},note,resnet20_accuracy\nfog,3,20,-1,18,0.5,hm,0.8\n")
    assert read_reference(tmp_path / "r.csv") == {("fog", 3): FOG}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("corruption,severity\nfog,3\n", "has no column 'mean_abs_diff'"),
        (f"{','.join(COLUMNS)}\n", "has no rows"),
        ("", "has no column 'corruption'"),
        (f"{','.join(COLUMNS)}\nfog,3,1,1,1,1,1\nfog,4,1,x,1,1,1\n", "Line 3 of the reference table .* lacks a number"),
        (f"{','.join(COLUMNS)}\nfog,3,1,1\n", "Line 2 of the reference table .* lacks a number"),
    ],
)
def test_a_bad_reference_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        read_reference(tmp_path / "r.csv")
    assert "\n" not in str(caught.value)


def test_a_missing_reference_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no reference table"):
        read_reference(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00\xff")
    with pytest.raises(UserError, match="no text file"):
        read_reference(tmp_path / "bytes.csv")


def test_the_list_names_every_family_and_its_parameters(command: Command) -> None:
    status, out, _ = command("corruptions", "--size", 224)
    assert status == 0
    rows = cells(out)
    assert rows["shot_noise"][:3] == ["noise", "photons", "60"]
    assert rows["shear"][2:] == ["0.2", "0.4", "0.6", "0.8", "1"]
    assert rows["zigzag"][1:3] == ["none", "-"]
    assert rows["pgd"][2:] == ["1", "2", "4", "8", "16"]
    members = {name for family in FAMILIES.values() for name in family.members if family.name != "fourier"}
    assert {*rows} >= {*members, "fourier_I_J with I from 0 to 7 and J from -7 to 7"}
    for paper in ("ICLR 2019", "Mu & Gilmer", "Yin et al.", "Madry"):
        assert paper in out
    _, out, _ = command("corruptions", "--family", "mnist_c", "--corruption", "rotate")
    assert list(cells(out)) == ["rotate"]


def test_a_table_is_its_own_reference_and_no_others(command: Command, tmp_path: Path, found_study: Path) -> None:
    ticket = min((found_study / "tickets").glob("*.safetensors"))
    table = tmp_path / "own.csv"
    asked = ("--data", "digits", "--ticket", ticket, "--samples", 80)
    named = ("--corruption", "fog", "--corruption", "zigzag", "--corruption", "pgd", "--severity", 1)
    status, out, _ = command("corruptions", *asked, *named, "--save", table)
    assert status == 0
    assert list(cells(out)) == ["fog", "zigzag", "pgd"]
    assert [row.split(",")[:2] for row in table.read_text().splitlines()[1:]] == [
        ["fog", "1"],
        ["zigzag", "1"],
        ["pgd", "1"],
    ]
    status, out, _ = command("corruptions", *asked, "--check", table)
    assert status == 0
    assert "All 3 conditions are within tolerance" in out
    assert "OUT" not in out
    lines = table.read_text().splitlines()
    fields = lines[1].split(",")
    fields[2] = f"{1.2 * float(fields[2]):.3f}"
    table.write_text("\n".join([lines[0], ",".join(fields), *lines[2:]]))
    status, out, _ = command("corruptions", *asked, "--check", table)
    assert status == 1
    assert "1 of 3 conditions are out of tolerance: fog 1." in out
    assert cells(out)["fog"][-1].endswith("mean |change|: OUT")
    status, out, _ = command("corruptions", *asked, "--check", table, "--family", "mnist_c")
    assert status == 0
    assert list(cells(out)) == ["zigzag"]


def test_any_model_arrays_and_photographs(command: Command, tmp_path: Path) -> None:
    data = load_data("digits")
    torch.save(build_model("lenet300", 10, data.shape, seed=0).state_dict(), tmp_path / "net.pt")
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "labels.npy", data.test.labels.numpy())
    np.save(tmp_path / "arrays" / "mine.npy", 255 - data.test.images[:, 0].numpy())
    model = ("--model", "lenet300", "--weights", tmp_path / "net.pt", "--mean", "0.3", "--std", "0.4")
    status, out, _ = command("corruptions", "--data", "digits", "--arrays", tmp_path / "arrays", *model)
    assert status == 0
    change = (255 - 2 * data.test.images.double()).abs().mean().item()
    assert cells(out)["mine"][1] == f"{change:.3f}"
    (tmp_path / "ice").mkdir()
    Image.fromarray(np.full((60, 60, 3), 200, np.uint8)).save(tmp_path / "ice" / "even.png")
    status, out, _ = command(
        "corruptions", "--data", "digits", "--corruption", "frost", "--severity", 1, "--frost", tmp_path / "ice"
    )
    assert status == 0
    change = (data.test.images.double() + 40).clamp(max=255).sub(data.test.images.double()).mean().item()
    assert cells(out)["frost"][1:3] == [f"{change:.3f}", f"{change:.3f}"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--check", "r.csv"), "--check needs images to corrupt: add --data"),
        (("--family", "mnist"), "Did you mean 'mnist_c'"),
        (("--corruption", "fogg"), "Did you mean 'fog'"),
        (("--severity", "7"), "Severity 7 does not exist"),
        (("--size", "0"), "at least 1 pixel"),
        (("--data", "digits", "--family", "adversarial"), "'fgsm' attacks a network: name one by --ticket"),
        (("--data", "digits", "--model", "lenet300"), "needs both --model and --weights"),
        (("--data", "digits", "--ticket", "t", "--model", "lenet300"), "leave out --model"),
        (("--data", "digits", "--family", "mnist_c", "--corruption", "fog"), "No condition is left to measure"),
        (("--data", "digits", "--corruption", "zigzag", "--severity", "2"), "No condition is left to measure"),
        (("--data", "digits", "--arrays", "nowhere"), "There is no folder nowhere"),
        (("--data", "digits", "--frost", "nowhere"), "There is no folder nowhere"),
        (("--data", "digits", "--model", "lenet300", "--weights", "w", "--mean", "a,b"), "must be numbers with commas"),
    ],
)
def test_bad_options_are_one_sentence(command: Command, words: tuple[str, ...], message: str) -> None:
    status, _, error = command("corruptions", *words)
    assert status == 2
    assert message in error
    assert error.count("\n") == 1
