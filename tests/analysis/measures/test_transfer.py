"""Tickets of a small study transferred to folders of images, and what is said where that cannot be."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.comparisons.transfer import right
from analysis.engine import measure
from analysis.engine.measure import RunReport
from analysis.engine.settings import settings
from analysis.engine.status import status
from analysis.measures.temperature import scaled
from analysis.metrics import calibration
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.data import load_data
from pruning.errors import UserError
from pruning.study.folder import Study

TABLE_NAMES = ["transfer", "transfer_mapping", "transfer_prompt", "transfer_reliability"]


def lamps(folder: Path, classes: int = 2, images: int = 6, size: int = 5) -> str:
    """A data set of grey images, the brighter the later the class, with noise; its name."""
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for label in range(classes):
            (folder / part / f"class{label:02}").mkdir(parents=True)
            for place in range(images):
                pixels = 20 + 200 * label / classes + rng.integers(0, 20, (size, size))
                file = folder / part / f"class{label:02}" / f"{place}.png"
                Image.fromarray(pixels.astype(np.uint8)).save(file)
    return f"folder:{folder}"


def asked(folder: Path, text: str) -> Study:
    """The study with these settings, and with its dense network and another ticket of the detail seed."""
    file = folder / "study.toml"
    file.write_text(f"{file.read_text().split('[analysis]')[0]}[analysis]\n{text}\n")
    study = Study.open(folder)
    own = [entry for entry in study.entries() if entry.recipe.seed == study.detail_seed]
    for entry in study.entries():
        if entry.id not in {each.id for each in own[:2]}:
            entry.path.unlink()
    return study


def run(study: Study, root: Path | None = None) -> RunReport:
    return measure.run(study, only=TABLE_NAMES, jobs=1, root=root)


def test_the_tables_of_a_transfer(study_copy: Path, tmp_path: Path) -> None:
    name = lamps(tmp_path / "lamps")
    study = asked(study_copy, f'transfer = "{name}"\ntransfer_shots = [2, "all"]\ntransfer_draws = 2')
    report = run(study)
    assert not report.problems
    assert report.written == dict.fromkeys(TABLE_NAMES, 2)
    results = Results(study.path)
    rows = results.table("transfer")
    assert len(rows) == 2 * 3 * (2 + 1)
    assert set(rows["kind"]) == {name}
    assert dict(rows.groupby("shots")["trained"].first()) == {0: 12, 2: 4}
    shares = [right(row.right, row.n).mean() for row in rows.itertuples()]
    np.testing.assert_allclose(shares, rows["accuracy"])
    assert (rows["n"] == 12).all()
    assert rows[["ece", "scaled_ece"]].stack().between(0, 1).all()
    # the mapping gives each class of the target one of its own
    mapping = results.table("transfer_mapping")
    chosen = mapping[mapping["chosen"]].groupby(["ticket_id", "way", "shots"])
    assert (chosen["target"].nunique() == 2).all()
    assert (chosen["source"].nunique() == 2).all()
    shown = mapping.groupby(["shots", "ticket_id", "way"])["count"].sum()
    assert [sorted(set(shown[shots])) for shots in (0, 2)] == [[12], [4]]
    prompts = results.table("transfer_prompt")
    pixels = np.frombuffer(prompts["pixels"][0], dtype=np.uint8).reshape(8, 8)
    top, left, height, width = prompts.loc[0, ["top", "left", "height", "width"]]
    assert (height, width) == (5, 5)
    assert not pixels[top : top + height, left : left + width].any()
    assert pixels[0].all()
    bins = results.table("transfer_reliability")
    assert (bins.groupby(["ticket_id", "way", "shots", "scaled"])["n"].sum() == 12).all()
    # nothing is made twice, and the same comes out again
    assert not run(study).written
    measure.run(study, only=["transfer"], jobs=1, force=True)
    assert results.table("transfer").equals(rows)


def test_a_folder_whose_images_change_is_shown_again(study_copy: Path, tmp_path: Path) -> None:
    """One image is another, which has the same size; the other target stays as it is."""
    names = [lamps(tmp_path / name) for name in ("lamps", "stars")]
    study = asked(study_copy, f'transfer = {names}\ntransfer_shots = ["all"]'.replace("'", '"'))
    run(study)
    before = Results(study.path).table("transfer")
    assert not run(study).written
    file = tmp_path / "lamps" / "test" / "class00" / "0.png"
    Image.fromarray(np.full((5, 5), 250, dtype=np.uint8)).save(file)
    [sentence] = [each for each in status(study).sentences if "`transfer`" in each]
    assert "the images of the folder are others" in sentence
    assert names[0] in sentence
    assert names[1] not in sentence
    assert run(study).written == dict.fromkeys(TABLE_NAMES, 2)
    after, keys = Results(study.path).table("transfer"), ["ticket_id", "kind", "way"]
    both = before.merge(after, on=keys, suffixes=("_before", "_after"))
    changed = both["nll_before"] != both["nll_after"]
    assert changed[both["kind"] == names[0]].all()
    assert not changed[both["kind"] == names[1]].any()
    assert not run(study).written


def test_scores_are_those_of_the_house(study_copy: Path, tmp_path: Path) -> None:
    """The mapping alone of the study's own data at nearly full size: a score by hand from the network's logits."""
    own = 'transfer = ["digits"]\ntransfer_shots = "all"\ntransfer_share = 0.99\ntransfer_images = 300'
    study = asked(study_copy, own)
    run(study)
    rows = Results(study.path).table("transfer", where="way = 'mapping'").set_index("ticket_id")
    for entry in study.entries():
        ticket, data = study.load(entry.id), load_data("digits")
        images = data.test.images[torch.arange(300) * len(data.test.labels) // 300]
        labels = data.test.labels[torch.arange(300) * len(data.test.labels) // 300]
        mean, std = ticket.info.mean[0], ticket.info.std[0]
        with torch.no_grad():
            logits = ticket.model().eval()((images / 255 - mean) / std)
        mapping = Results(study.path).table("transfer_mapping", where="way = 'mapping' AND chosen")
        own = mapping[mapping["ticket_id"] == entry.id].sort_values("target")["source"].to_numpy()
        logits = logits[:, torch.tensor(own)]
        row = rows.loc[entry.id]
        assert row["accuracy"] == pytest.approx(float((logits.argmax(1) == labels).double().mean()))
        assert row["nll"] == pytest.approx(float(calibration.nll(logits, labels).mean()), rel=1e-5)
        assert row["scaled_ece"] == pytest.approx(scaled(logits.numpy(), labels.numpy())["ece"], abs=0.02)


def test_what_cannot_be_had_is_a_sentence(study_copy: Path, tmp_path: Path) -> None:
    many, few = lamps(tmp_path / "many", classes=11, images=3), lamps(tmp_path / "few", images=3)
    study = asked(study_copy, f'transfer = ["svhn", "{many}", "{few}"]\ntransfer_shots = [1, 5]\ntransfer_draws = 1')
    report = run(study, root=tmp_path)
    said = "\n".join(report.problems)
    assert len(report.problems) == 4
    assert f"The data set 'svhn' is not in {tmp_path}" in said
    assert "has 11 classes and the networks only 10, which cannot stand for them" in said
    assert f"'{few}' has 3 training images of class 'class00', so that 5 a class cannot be drawn" in said
    rows = Results(study.path).table("transfer")
    assert set(rows.loc[rows["kind"] == many, "way"]) == {"probe"}
    assert set(rows.loc[rows["kind"] == few, "shots"]) == {1}
    assert set(rows["kind"]) == {many, few}


def test_a_network_that_gives_no_numbers_is_a_sentence(study_copy: Path, tmp_path: Path) -> None:
    study = asked(study_copy, f'transfer = "{lamps(tmp_path / "lamps")}"\ntransfer_shots = 1')
    ticket = study.load(study.entries()[0].id)
    for value in ticket.state.values():
        value.mul_(1e30)
    ticket.save(study.entries()[0].path)
    report = run(study)
    assert any("not finite" in problem for problem in report.problems)
    assert len(Results(study.path).ids("transfer")) == 1


def test_settings_that_are_not_known(study_copy: Path) -> None:
    study = asked(study_copy, 'transfer = "digitz"')
    with pytest.raises(UserError, match="digitz"):
        settings(study)
    with pytest.raises(UserError, match="transfer_shots"):
        settings(asked(study_copy, 'transfer = "digits"\ntransfer_shots = [0]'))


def test_nothing_is_transferred_unasked(tiny_study: Path) -> None:
    assert not set(TABLE_NAMES) & {row.table for row in status(Study.open(tiny_study)).rows}
    assert set(TABLE_NAMES) <= set(TABLES)
