"""Measuring a study: what is stored is what the networks say, and nothing is done twice or left half done."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from analysis.corruptions import AVAILABLE, corrupt
from analysis.engine import evaluation, groups, images, measure, settings
from analysis.engine.base import measures
from analysis.engine.plan import Job, Wanted
from analysis.engine.status import status
from analysis.measures.maps import reference_of
from analysis.results.provenance import Provenance
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.study.commands import typed
from pruning.study.folder import Study

EVERY = {"summary", "layers", "weights", "samples", "conditions", "reliability"}
DETAIL = {"corrupted", "maps"}
CONDITIONS = ["clean 0"] + [f"{c} {s}" for c in ("gaussian_noise", "brightness", "gaussian_blur") for s in (1, 3)]
N = 359  # test images of digits
TIMES = ["latency_ms", "latency_low", "latency_high", "dense_ms", "speedup", "speedup_low", "speedup_high"]
QUICK = ["summary", "layers", "weights", "samples", "conditions", "reliability", "corrupted"]


@pytest.fixture
def measured(tiny_study: Path, tmp_path: Path) -> Study:
    """A copy of the measured study, to be changed."""
    import shutil

    return Study.open(shutil.copytree(tiny_study, tmp_path / "measured"))


def snapshot(study: Study) -> dict[str, tuple[int, int]]:
    """When each result file was written, and where it lies: any rewriting shows."""
    files = (study.path / "results").rglob("*")
    return {str(f.relative_to(study.path)): (f.stat().st_mtime_ns, f.stat().st_ino) for f in files if f.is_file()}


def rewritten(before: dict[str, tuple[int, int]], study: Study) -> set[str]:
    after = snapshot(study)
    assert before.keys() <= after.keys()
    return {name for name in after if after[name] != before.get(name)}


def with_analysis(study: Study, text: str) -> Study:
    """The study with another [analysis] section."""
    head = study.source.read_text().split("[analysis]")[0]
    study.source.write_text(f"{head}[analysis]\n{text}\n")
    return Study.open(study.path)


def ids(study: Study, detailed: bool = False) -> list[str]:
    return [e.id for e in study.entries() if not detailed or e.recipe.seed == study.detail_seed]


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("nothing was to be measured")


def test_every_ticket_gets_its_tables(tiny_study: Path) -> None:
    study, results = Study.open(tiny_study), Results(tiny_study)
    assert len(ids(study)) == 18
    for table in EVERY:
        assert results.ids(table) == sorted(ids(study))
    for table in DETAIL:
        assert results.ids(table) == sorted(ids(study, detailed=True))
    assert not [name for name in snapshot(study) if not name.endswith(".parquet")]


def test_what_is_stored_is_what_the_network_says(tiny_study: Path) -> None:
    study, results, data = Study.open(tiny_study), Results(tiny_study), load_data("digits")
    for entry in study.entries()[::5]:
        ticket = study.load(entry.id)
        with torch.no_grad():
            logits = ticket.model()(normalise(data.test.images, data.mean, data.std))
        right = logits.argmax(1) == data.test.labels
        samples = results.table("samples", ids=[entry.id])
        np.testing.assert_array_equal(samples["prediction"], logits.argmax(1))
        np.testing.assert_array_equal(samples["label"], data.test.labels)
        np.testing.assert_allclose(samples["confidence"], logits.softmax(1).amax(1), rtol=1e-4)
        assert ((samples["margin"] > 0) == right.numpy()).all()
        [summary] = results.table("summary", ids=[entry.id]).to_dict("records")
        assert summary["correct"] == int(right.sum())
        assert summary["n"] == len(right)
        assert summary["accuracy"] == pytest.approx(entry.info.accuracy)
        assert summary["mean_angle"] == pytest.approx(samples["angle"].mean(), rel=1e-5)
        assert summary["kept"] == sum(int(mask.sum()) for mask in ticket.masks.values())
        assert summary["sparsity"] == pytest.approx(ticket.sparsity)
        assert results.table("layers", ids=[entry.id])["kept"].sum() == summary["kept"]
        assert results.table("weights", ids=[entry.id])["count"].sum() == summary["kept"]


def test_conditions_agree_with_the_samples_under_them(tiny_study: Path) -> None:
    study, results = Study.open(tiny_study), Results(tiny_study)
    labels = load_data("digits").test.labels.numpy()
    for key in ids(study):
        rows = results.table("conditions", ids=[key])
        assert [f"{c} {s}" for c, s in zip(rows["corruption"], rows["severity"], strict=True)] == CONDITIONS
        offsets = np.stack([np.frombuffer(b, np.uint8) for b in rows["offsets"]])
        np.testing.assert_array_equal(rows["correct"], (offsets == 0).sum(axis=1))
        clean = results.table("samples", ids=[key])["prediction"]
        np.testing.assert_array_equal((labels + offsets[0]) % 10, clean)
        bins = results.table("reliability", ids=[key])
        bins["right"], bins["gap"] = bins.n * bins.accuracy, bins.n * (bins.accuracy - bins.confidence).abs()
        sums = bins.groupby(["corruption", "severity"], sort=False)[["n", "right", "gap"]].sum()
        np.testing.assert_array_equal(sums["n"], rows["n"])
        np.testing.assert_allclose(sums["right"], rows["correct"], rtol=1e-5)
        np.testing.assert_allclose(sums["gap"] / N, rows["ece"], rtol=1e-4)
        np.testing.assert_allclose(rows["accuracy"], rows["correct"] / len(labels))
        assert rows["correct"][0] == results.table("summary", ids=[key])["correct"][0]
    for key in ids(study, detailed=True):
        corrupted = results.table("corrupted", ids=[key])
        assert len(corrupted) == len(labels) * (len(CONDITIONS) - 1)
        right = corrupted["prediction"].to_numpy() == labels[corrupted["sample"]]
        rows = results.table("conditions", ids=[key], where="severity > 0")
        counted = right.reshape(len(rows), -1).sum(axis=1)
        np.testing.assert_array_equal(counted, rows["correct"])
        np.testing.assert_allclose(
            corrupted["angle"].to_numpy().reshape(len(rows), -1).mean(axis=1), rows["mean_angle"], rtol=1e-3
        )


def test_maps_lie_over_the_dense_networks(tiny_study: Path) -> None:
    study, results = Study.open(tiny_study), Results(tiny_study)
    dense = next(e for e in study.entries() if e.recipe.method == "dense" and e.recipe.seed == study.detail_seed)

    def xy(key: str, kind: str) -> np.ndarray:
        rows = results.table("maps", ids=[key], where="kind = ?", params=[kind])
        np.testing.assert_array_equal(rows["sample"], np.arange(N))
        assert rows["trustworthiness"].nunique() == 1
        assert 0.6 < rows["trustworthiness"][0] <= 1
        return rows[["x", "y"]].to_numpy()

    np.testing.assert_array_equal(xy(dense.id, "umap"), xy(dense.id, "umap_joint"))
    apart, together = [], []
    for key in ids(study, detailed=True):
        assert xy(key, "pca").shape == (N, 2)
        if key != dense.id:
            apart.append(np.linalg.norm(xy(key, "umap") - xy(dense.id, "umap"), axis=1).mean())
            together.append(np.linalg.norm(xy(key, "umap_joint") - xy(dense.id, "umap_joint"), axis=1).mean())
    assert np.mean(together) < 0.5 * np.mean(apart)


def test_nothing_is_done_twice(measured: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(measured)
    monkeypatch.setattr(evaluation, "show", refuse)
    told: list[tuple] = []
    outcome = measure.run(measured, lambda *words: told.append(words))
    assert not outcome.written
    assert not outcome.problems
    assert rewritten(before, measured) == set()
    assert told == []


@pytest.mark.parametrize("table", [*QUICK, "maps"])
def test_a_file_that_is_gone_is_made_again_and_no_other(table: str, measured: Study) -> None:
    key = ids(measured, detailed=True)[3]
    file = measured.path / "results" / table / f"{key}.parquet"
    content = Results(measured.path).table(table, ids=[key])
    file.unlink()
    before = snapshot(measured)
    outcome = measure.run(measured)
    assert outcome.written == {table: 1}
    assert rewritten(before, measured) == {f"results/{table}/{key}.parquet"}
    pd.testing.assert_frame_equal(Results(measured.path).table(table, ids=[key]), content)


def test_a_ticket_found_later_is_measured_without_moving_the_others(measured: Study) -> None:
    key, results = ids(measured, detailed=True)[-1], Results(measured.path)
    tables = [table for table in measures() if results.has(table, key)]  # nothing was trained again here
    content = {table: results.table(table, ids=[key]) for table in tables}
    results.remove(key)
    before = snapshot(measured)
    assert measure.run(measured).written == dict.fromkeys(tables, 1)
    assert rewritten(before, measured) == {f"results/{table}/{key}.parquet" for table in tables}
    for table in tables:
        again = results.table(table, ids=[key])
        same = [column for column in again if column not in TIMES]
        pd.testing.assert_frame_equal(again[same], content[table][same])


def test_without_the_references_map_all_joint_maps_are_made_anew(measured: Study) -> None:
    measured = with_analysis(measured, "map_samples = 30")  # small ones, for speed
    measure.run(measured, only=["maps"])
    results, detailed = Results(measured.path), ids(measured, detailed=True)
    reference = reference_of([e for e in measured.entries() if e.recipe.seed == 0])
    (measured.path / "results" / "maps" / f"{reference.id}.parquet").unlink()
    assert not results.has("maps", reference.id)
    before = snapshot(measured)
    assert measure.run(measured, only=["maps"]).written == {"maps": len(detailed)}
    found = results.table("maps").groupby(["ticket_id", "kind"]).size().unstack()
    assert found.index.tolist() == sorted(detailed)
    assert (found == 30).all(axis=None)
    assert rewritten(before, measured) == {f"results/maps/{key}.parquet" for key in detailed}


def test_a_damaged_file_is_made_anew(measured: Study) -> None:
    key = ids(measured)[0]
    for table in ("conditions", "layers"):
        file = measured.path / "results" / table / f"{key}.parquet"
        file.write_bytes(file.read_bytes()[:-30])
    before = snapshot(measured)
    found = status(measured)
    assert {row.table: row.missing for row in found.rows if row.missing} == {"conditions": 1, "layers": 1}
    assert len(found.sentences) == 2
    outcome = measure.run(measured)
    assert outcome.written == {"conditions": 1, "layers": 1}
    assert [Path(sentence.split()[3]).parent.name for sentence in outcome.mended] == ["conditions", "layers"]
    assert all(sentence.endswith("is damaged; it is made anew.") for sentence in outcome.mended)
    assert not outcome.problems
    assert rewritten(before, measured) == {f"results/{table}/{key}.parquet" for table in ("conditions", "layers")}
    assert len(Results(measured.path).table("conditions")) == 18 * len(CONDITIONS)


def test_files_of_an_earlier_version_are_made_anew(measured: Study) -> None:
    results, keys = Results(measured.path), ids(measured)[:2]
    content = results.table("conditions")
    for key in keys:
        file = measured.path / "results" / "conditions" / f"{key}.parquet"
        pq.write_table(pq.read_table(file).drop_columns("offsets").replace_schema_metadata(), file)
    found = status(measured)
    assert {row.table: row.missing for row in found.rows if row.missing} == {"conditions": 2}
    place = measured.path / "results" / "conditions"
    assert found.sentences == [
        f"In {place} 2 files were made by an earlier version, without offsets; the next run makes such files anew."
    ]
    outcome = measure.run(measured)
    assert outcome.written == {"conditions": 2}
    assert outcome.mended == [
        f"In {place} 2 files were made by an earlier version, without offsets; this run makes such files anew."
    ]
    pd.testing.assert_frame_equal(results.table("conditions"), content)


def test_other_settings_lead_to_the_work_they_ask_for_only(measured: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    results, made = Results(measured.path), []

    def spy(batch: torch.Tensor, name: str, severity: int, **settings: object) -> torch.Tensor:
        made.append(f"{name} {severity}")
        return corrupt(batch, name, severity, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(images, "corrupt", spy)
    old = results.table("conditions")
    more = with_analysis(measured, 'corruptions = ["gaussian_noise", "contrast", "brightness"]\nseverities = [3, 1, 5]')
    stale = status(more)
    every = ("conditions", "reliability", "equal_width", "temperature", "lost", "representations")
    both = dict.fromkeys(every, 18) | {"corrupted": 9}
    assert {row.table: row.partial for row in stale.rows if row.partial} == both
    assert measure.run(more).written == both
    assert set(made) == {"gaussian_noise 5", "brightness 5", "contrast 1", "contrast 3", "contrast 5"}
    new = results.table("conditions")
    order = list(dict.fromkeys(new["corruption"]))
    there = ("gaussian_noise", "brightness", "contrast", "gaussian_blur")
    assert order == ["clean", *(name for name in AVAILABLE if name in there)]
    assert new.groupby("ticket_id").size().unique().tolist() == [1 + 3 * 3 + 2]
    shared = old.merge(new, on=["ticket_id", "corruption", "severity"], suffixes=("", "_new"))
    assert len(shared) == len(old)
    np.testing.assert_array_equal(shared["mean_angle"], shared["mean_angle_new"])


def test_what_is_no_longer_asked_for_stays(measured: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    before, results = snapshot(measured), Results(measured.path)
    less = with_analysis(measured, 'corruptions = ["brightness"]\nseverities = [3]\nembeddings = ["pca"]')
    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "show", refuse)
        assert not measure.run(less).written
    assert rewritten(before, measured) == set()
    assert all(row.complete == row.tickets for row in status(less).rows)
    # unless it is said that all is to be made anew
    measure.run(less, force=True, only=["conditions", "reliability", "corrupted", "maps"])
    conditions = results.table("conditions")[["corruption", "severity"]].drop_duplicates()
    assert conditions.values.tolist() == [["clean", 0], ["brightness", 3]]
    assert set(results.table("reliability")["corruption"]) == {"clean", "brightness"}
    assert len(results.table("corrupted")) == 9 * N
    assert set(results.table("maps")["kind"]) == {"pca"}


def test_fewer_samples_and_maps(measured: Study) -> None:
    text = 'corruptions = ["brightness"]\nseverities = [1]\nsamples = 60\nmap_samples = 20\nembeddings = ["pca"]'
    measure.run(with_analysis(measured, text))
    results = Results(measured.path)
    assert set(results.table("summary")["n"]) == {60}
    assert set(results.table("conditions")["n"]) == {60}
    assert set(results.table("samples").groupby("ticket_id").size()) == {60}
    assert set(results.table("corrupted").groupby("ticket_id").size()) == {60}
    placed = results.table("maps")
    assert set(placed["kind"]) == {"pca"}
    assert sorted(set(placed["sample"])) == [round(k * 59 / 19) for k in range(20)]
    assert all(row.complete == row.tickets for row in status(Study.open(measured.path)).rows)


def test_only_and_force(measured: Study) -> None:
    before, results = snapshot(measured), Results(measured.path)
    old = results.table("corrupted")
    assert measure.run(measured, only=["layers", "corrupted"], force=True).written == {"layers": 18, "corrupted": 9}
    assert {name.split("/")[1] for name in rewritten(before, measured)} == {"layers", "corrupted"}
    assert len(rewritten(before, measured)) == 27
    pd.testing.assert_frame_equal(results.table("corrupted"), old)
    with pytest.raises(UserError, match=r"Unknown table 'layer'\. Did you mean 'layers'\?"):
        measure.run(measured, only=["layer"])


def test_progress_grows_to_the_total(study_copy: Path) -> None:
    told: list[tuple[float, str]] = []
    study = with_analysis(Study.open(study_copy), 'map_samples = 30\ncorruptions = "brightness"\nseverities = [3]')
    measure.run(study, lambda *words: told.append(words), only=["conditions", "maps", "layers"])
    done = [words[0] for words in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == 1
    assert any("18 tickets: brightness 3" in words[1] for words in told)
    assert any("umap_joint" in words[1] for words in told)


def test_a_study_without_tickets(study_copy: Path) -> None:
    for file in (study_copy / "tickets").iterdir():
        file.unlink()
    with pytest.raises(UserError, match=rf"has no tickets yet; `{re.escape(typed('pruning', 'run'))} .*` finds them"):
        measure.run(Study.open(study_copy))


def test_tickets_that_cannot_be_measured_are_named(study_copy: Path) -> None:
    study = Study.open(study_copy)
    first, second, third = study.entries()[:3]
    first.path.write_bytes(first.path.read_bytes()[:100])  # not even a header
    second.path.write_bytes(second.path.read_bytes()[:-100])  # cut short
    outcome = measure.run(study, only=["layers", "summary"])
    assert outcome.written == {"layers": 16, "summary": 16}
    named = [Path(problem.split()[0]).stem for problem in outcome.problems]
    assert sorted(named) == sorted([first.id, second.id])
    assert all("is not a readable ticket" in problem for problem in outcome.problems)
    assert third.id in Results(study_copy).ids("summary")


def test_tickets_of_other_data_are_left_out(study_copy: Path) -> None:
    file = study_copy / "study.toml"
    file.write_text(file.read_text().replace('data = "digits"', 'data = "mnist5k"'))
    with pytest.raises(UserError, match="is for 'digits', not 'mnist5k'; it is left out"):
        measure.run(Study.open(study_copy))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("corruption = 3", "unknown key 'corruption'. Did you mean 'corruptions'?"),
        ('corruptions = ["fogg"]', "Unknown corruption 'fogg'. Did you mean 'fog'?"),
        ('corruptions = "al"', "Unknown corruption 'al'"),
        ("severities = [6]", "'severities.0' is 6, but: input should be less than or equal to 5"),
        ("severities = []", "severities"),
        ('embeddings = ["umapp"]', "'embeddings.0' is 'umapp'"),
        ("samples = 0", "'samples' is 0"),
        ("samples = 3", "The 3 test images used of 'digits' leave out 7 of its classes"),
    ],
)
def test_settings_that_are_not_known(text: str, sentence: str, study_copy: Path) -> None:
    study = with_analysis(Study.open(study_copy), text)
    with pytest.raises(UserError, match=re.escape(sentence)) as raised:
        measure.run(study)
    assert len(str(raised.value).splitlines()) == 1


def test_settings_by_default_ask_for_everything(tiny_study: Path) -> None:
    study, config = Study.open(tiny_study), settings.model()()
    assert config.conditions()[0] == ("clean", 0)
    assert len(config.conditions()) == 1 + 5 * len(AVAILABLE)
    few = images.TestImages(torch.zeros(3, 1, 8, 8, dtype=torch.uint8), torch.arange(3))  # no neighbourhoods
    wanted = Wanted(study, config, study.entries(), few)
    [first, *_] = wanted.detailed
    assert list(wanted.parts(wanted.measures["maps"], first)) == ["pca"]
    nothing = settings.model()(corruptions=[], embeddings=[])  # type: ignore[call-arg]
    wanted = Wanted(study, nothing, study.entries(), few)
    assert not wanted.parts(wanted.measures["corrupted"], first)
    assert not wanted.parts(wanted.measures["maps"], first)


def test_groups_fit_in_memory(found_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries, known = Study.open(found_study).entries(), measures()
    parts = {"fog 1": Provenance(1, "")}
    jobs = [Job(entry, {"conditions": parts, "corrupted": parts}) for entry in entries]

    def sizes() -> list[int]:
        return [len(group) for group in groups.groups_of(jobs, 1000, known)]

    assert sizes() == [18]
    monkeypatch.setattr(groups, "GROUP", 7)
    assert sizes() == [7, 7, 4]
    monkeypatch.setattr(groups, "MEMORY", 2 * (8 * entries[0].total + groups.ROW * 1000 * 2))
    assert sizes() == [2] * 9
    monkeypatch.setattr(groups, "MEMORY", 1)
    assert sizes() == [1] * 18
