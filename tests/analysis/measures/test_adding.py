"""A measure written here and added at run time is measured with all others, in any number of processes."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from pydantic import BaseModel, Field

from analysis.corruptions import corrupt
from analysis.corruptions.conditions import CLEAN
from analysis.engine import measure
from analysis.engine.base import Column, Context, Measure, Pair, Shown, register
from analysis.engine.status import status
from analysis.results.store import Results
from analysis.results.tables import TABLES, describe
from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.study.folder import Entry, Study
from tests.conftest import shared


class SpreadOptions(BaseModel):
    """spread_scale: what is measured is multiplied by it."""

    spread_scale: float = Field(1.0, gt=0)


class Spread:
    """Mean absolute activation of each layer, from outputs that hooks see."""

    def __init__(self, context: Context) -> None:
        assert isinstance(context.settings, SpreadOptions)
        self.scale, self.condition = context.settings.spread_scale, context.condition
        self.sums: dict[str, float] = {}
        self.count = 0

    def update(self, shown: Shown) -> None:
        self.count += len(shown.labels)
        for layer, values in shown.activations.items():
            assert len(values) == len(shown.labels)  # of this batch alone
            self.sums[layer] = self.sums.get(layer, 0.0) + float(values.abs().double().mean(dim=1).sum())

    def rows(self) -> pd.DataFrame:
        name, severity = self.condition
        rows = [(name, severity, layer, self.scale * total / self.count) for layer, total in self.sums.items()]
        return pd.DataFrame(rows, columns=["corruption", "severity", "layer", "spread"])


class Agreement:
    """How often a ticket and the dense network say the same, right or wrong."""

    def __init__(self, context: Context) -> None:
        assert context.partner is not None
        self.other, self.condition = context.partner.id, context.condition
        self.same: list[bool] = []

    def update(self, shown: Shown) -> None:
        assert shown.partner is not None
        assert shown.partner.images is shown.images
        self.same += (shown.logits.argmax(1) == shown.partner.logits.argmax(1)).tolist()

    def rows(self) -> pd.DataFrame:
        place = {"other": self.other, "corruption": self.condition[0], "severity": self.condition[1]}
        return pd.DataFrame([place | {"agreement": np.mean(self.same), "n": len(self.same)}])


class Slope:
    """The norm of the gradient of the mean loss by each parameter."""

    def __init__(self, context: Context) -> None:
        self.total: dict[str, torch.Tensor] = {}
        self.count = 0

    def update(self, shown: Shown) -> None:
        self.count += len(shown.labels)
        for name, gradient in shown.gradients.items():
            self.total[name] = self.total.get(name, torch.zeros_like(gradient)) + gradient

    def rows(self) -> pd.DataFrame:
        rows = [(name, float((value / self.count).norm())) for name, value in self.total.items()]
        return pd.DataFrame(rows, columns=["parameter", "slope"])


def with_dense(entries: Sequence[Entry]) -> Mapping[str, Sequence[Pair]]:
    dense = {entry.recipe.seed: entry for entry in entries if entry.recipe.method == "dense"}
    return {entry.id: [Pair(dense[entry.recipe.seed], "dense")] for entry in entries if entry not in dense.values()}


def layer_norms(context: Context) -> pd.DataFrame:
    norms = {name: float(context.ticket.state[name].double().norm()) for name in context.ticket.masks}
    return pd.DataFrame({"layer": list(norms), "norm": list(norms.values())})


PLACE = {"corruption": Column("str", "", "its name"), "severity": Column("i8", "", "0 to 5")}
SPREAD = Measure(
    name="spread",
    meaning="how large activations are",
    of="layer",
    needs=frozenset({"activations"}),
    columns=PLACE | {"layer": Column("str", "", "name"), "spread": Column("f64", "units", "mean size")},
    start=Spread,
    conditions=lambda condition: condition[0] in ("clean", "brightness"),
    detail=True,
    options=SpreadOptions,
    matters=lambda settings, images: {"spread_scale": settings.model_dump()["spread_scale"]},
)
AGREEMENT = Measure(
    name="agreement",
    meaning="how often two networks say the same",
    of="pair",
    needs=frozenset({"logits", "partner"}),
    columns={"other": Column("str", "", "id"), **PLACE}
    | {"agreement": Column("f64", "", "share, 0 to 1"), "n": Column("i32", "images", "shown")},
    start=Agreement,
    pairs=with_dense,
)
NORMS = Measure(
    name="norms",
    meaning="norms of layers",
    of="layer",
    needs=frozenset({"weights"}),
    columns={"layer": Column("str", "", "name"), "norm": Column("f64", "", "Euclidean norm")},
    rows=layer_norms,
)
SLOPE = Measure(
    name="slope",
    meaning="gradients of the loss",
    of="layer",
    needs=frozenset({"gradients"}),
    columns={"parameter": Column("str", "", "name"), "slope": Column("f64", "", "Euclidean norm")},
    start=Slope,
)
ADDED = [SPREAD, AGREEMENT, NORMS, SLOPE]
NAMES = [each.name for each in ADDED]


@pytest.fixture(scope="module", autouse=True)
def added() -> Iterator[None]:
    for each in ADDED:
        register(each)
    yield
    for each in ADDED:
        TABLES.unregister(each.name)


@pytest.fixture(scope="module")
def measured_once(added: None, found_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with the added measures; not to be changed."""

    def make(folder: Path) -> None:
        shutil.copytree(found_study, folder)
        file = folder / "study.toml"
        file.write_text(file.read_text() + "spread_scale = 2.0\n")
        report = measure.run(Study.open(folder), only=[*NAMES, "summary", "conditions"], jobs=2)
        assert not report.problems
        counts = {"spread": 9, "agreement": 16, "norms": 18, "slope": 18, "summary": 18, "conditions": 18}
        assert report.written == counts

    return shared(tmp_path_factory, "added", make)


@pytest.fixture
def measured(measured_once: Path, tmp_path: Path) -> Study:
    """A copy of it, for tests that change it."""
    return Study.open(shutil.copytree(measured_once, tmp_path / "copy"))


def test_four_measures_of_each_kind_with_two_processes(measured_once: Path) -> None:
    measured = Study.open(measured_once)
    results, data = Results(measured.path), load_data("digits")
    shown = {CLEAN: data.test.images} | {("brightness", s): corrupt(data.test.images, "brightness", s) for s in (1, 3)}
    inputs = {condition: normalise(images, data.mean, data.std) for condition, images in shown.items()}
    entries = {(entry.recipe.label, entry.recipe.seed): entry for entry in measured.entries()}
    dense, other = entries["Dense", 0], entries["IMP 90 %", 0]
    model, reference = measured.load(other.id).model(), measured.load(dense.id).model()

    rows = results.table("spread", ids=[other.id])
    assert rows.groupby(["corruption", "severity"], sort=False)["layer"].apply(list).to_dict() == {
        condition: ["fc1", "fc2", "fc3"] for condition in [CLEAN, ("brightness", 1), ("brightness", 3)]
    }
    with torch.no_grad():
        for condition, x in inputs.items():
            first = model.fc1(x.flatten(1))  # type: ignore[operator]
            asked = rows[(rows["corruption"] == condition[0]) & (rows["severity"] == condition[1])]
            assert asked["spread"].iloc[0] == pytest.approx(2 * float(first.abs().mean()), rel=1e-5)
            same = float((model(x).argmax(1) == reference(x).argmax(1)).double().mean())
            found = results.table("agreement", ids=[other.id]).set_index(["corruption", "severity"])
            assert found.loc[condition, "agreement"] == same
            assert found.loc[condition, "other"] == dense.id
    assert not results.has("agreement", dense.id)
    assert results.table("norms", ids=[other.id])["norm"].tolist() == [
        pytest.approx(float(value.norm())) for name, value in measured.load(other.id).state.items() if "weight" in name
    ]
    loss = F.cross_entropy(model(inputs[CLEAN]), data.test.labels)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    slopes = results.table("slope", ids=[other.id])["slope"]
    np.testing.assert_allclose(slopes, [float(gradient.norm()) for gradient in gradients], rtol=1e-4)


def test_nothing_is_done_twice_and_one_process_finds_the_same(measured: Study) -> None:
    results = Results(measured.path)
    before = {name: results.table(name) for name in NAMES}
    assert not measure.run(measured, only=NAMES).written
    assert measure.run(measured, only=NAMES, force=True, jobs=1).written
    for name, rows in before.items():
        pd.testing.assert_frame_equal(results.table(name), rows)


def test_its_settings_are_known_and_matter_to_it_alone(measured: Study) -> None:
    text = measured.source.read_text()
    measured.source.write_text(text.replace("spread_scale = 2.0", "spread_scale = 3.0"))
    changed = Study.open(measured.path)
    rows = {row.table: row for row in status(changed).rows}
    assert rows["spread"].complete == 0
    assert rows["conditions"].complete == 18
    [sentence] = [each for each in status(changed).sentences if "spread" in each]
    assert sentence == (
        "In `spread`, clean 0, brightness 1, brightness 3 of 9 tickets: other settings (spread_scale 3.0, was 2.0); "
        "the next run measures it again."
    )
    assert measure.run(changed, only=[*NAMES, "conditions"]).written == {"spread": 9}
    measured.source.write_text(text.replace("spread_scale", "spread_scal"))
    with pytest.raises(UserError, match="Did you mean 'spread_scale'"):
        measure.run(Study.open(measured.path))


def test_its_columns_are_described() -> None:
    assert describe("norms")["meaning"].tolist() == ["the ticket's id", "name", "Euclidean norm"]
    with pytest.raises(UserError, match="Did you mean 'norms'"):
        describe("norm")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"needs": frozenset({"logits"})}, "has `start` where it needs any of"),
        ({"columns": {"other": Column("str", "", "id")}}, "has a column 'other' where it says what is in it"),
        ({"columns": {"kind": Column("str", "", "id")}}, "has a column 'kind' where it says what is in it"),
    ],
)
def test_what_contradicts_itself_is_refused(change: dict, message: str) -> None:
    fields = {"name": "x", "meaning": "", "of": "layer", "needs": frozenset(), "columns": {}, "rows": layer_norms}
    with pytest.raises(ValueError, match=message):
        Measure(**{**fields, **change})
