"""Accuracy in other domains: what is stored is what the network says of the user's folders."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from analysis.comparisons import domains as compared
from analysis.engine import measure
from analysis.engine.settings import settings
from analysis.results.store import Results
from analysis.statistics.verdicts import DIFFERS
from analysis.transfer import domains
from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.study.folder import Study
from tests.analysis.engine.test_measure import with_analysis


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two domains of digits: as they are, and larger, in colour, with fewer classes and one of their own."""
    root = tmp_path_factory.mktemp("pacs") / "digits"
    test = load_data("digits").test
    for place in range(120):
        pixels, label = test.images[place, 0].numpy(), int(test.labels[place])
        plain = root / "plain" / f"{label}" / f"{place:03}.png"
        plain.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(plain)
        large = root / "large" / (f"{label}" if label < 8 else "Dog house") / f"{place:03}.png"
        large.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.stack([pixels] * 3, axis=-1)).resize((24, 24), Image.Resampling.BICUBIC).save(large)
    return root


@pytest.fixture
def folder(study_copy: Path) -> Path:
    """A study of two tickets."""
    for entry in Study.open(study_copy).entries()[2:]:
        entry.path.unlink()
    return study_copy


def test_it_is_what_the_network_says_of_each_domain(folder: Path, pictures: Path) -> None:
    study = with_analysis(Study.open(folder), f'domains = "folder:{pictures}"\ncorruptions = []')
    report = measure.run(study, only=["domains"], jobs=1)
    assert report.written == {"domains": 2}
    assert any("no such class: Dog house." in problem for problem in report.problems)
    assert any(
        "no images of some classes, which networks may still answer: 8, 9." in problem for problem in report.problems
    )
    rows = Results(study.path).table("domains")
    assert set(rows["kind"]) == {f"folder:{pictures / name}" for name in ("plain", "large")}
    entry, data = study.entries()[1], load_data("digits")
    network = study.load(entry.id).model()
    own = rows[rows["ticket_id"] == entry.id].set_index("kind")
    order = sorted(range(120), key=lambda place: (int(data.test.labels[place]), place))
    for name in ("plain", "large"):
        chosen = [place for place in order if name == "plain" or data.test.labels[place] < 8]
        files = [
            Image.open(pictures / name / f"{int(data.test.labels[place])}" / f"{place:03}.png") for place in chosen
        ]
        grey = torch.stack([torch.from_numpy(np.array(file.convert("L")))[None] for file in files]).float()
        small = F.interpolate(grey, (8, 8), mode="bilinear", antialias=True).round().clamp(0, 255)
        with torch.no_grad():
            right = network(normalise(small, data.mean, data.std)).argmax(1) == data.test.labels[chosen]
        stored = own.loc[f"folder:{pictures / name}"]
        assert stored["n"] == len(chosen)
        assert stored["accuracy"] == pytest.approx(float(right.float().mean()), abs=0.009)
        assert (stored["left_out"], stored["absent"]) == (("", "") if name == "plain" else ("Dog house", "8, 9"))
    assert measure.run(study, only=["domains"], jobs=1).written == {}
    (pictures / "plain" / "0" / "more.png").write_bytes(next((pictures / "plain" / "0").glob("*.png")).read_bytes())
    assert measure.run(study, only=["domains"], jobs=1).written == {"domains": 2}
    assert Results(study.path).table("domains")["n"].max() == 121


def test_names_tell_domains_apart(pictures: Path, tmp_path: Path) -> None:
    assert domains.domains_in(f"folder:{pictures / 'plain'}:size=8") == [f"folder:{pictures / 'plain'}:size=8"]
    names = [f"folder:{pictures / 'plain'}", f"folder:{tmp_path / 'plain'}", f"folder:{pictures / 'large'}"]
    assert list(domains.labels_of(names).values()) == ["digits/plain", f"{tmp_path.name}/plain", "large"]
    (tmp_path / "train" / "a").mkdir(parents=True)
    (tmp_path / "test" / "a").mkdir(parents=True)
    assert domains.domains_in(f"folder:{tmp_path}") == [f"folder:{tmp_path / 'test'}"]


def test_classes_are_matched_whatever_the_case_and_the_spaces(pictures: Path) -> None:
    found = domains.read(f"folder:{pictures / 'large'}", ["dog-house", "3", "cat"], (1, 8, 8), 30)
    assert found.absent == ("cat",)
    assert set(found.labels.tolist()) == {0, 1}
    assert found.left_out == ("0", "1", "2", "4", "5", "6", "7")
    assert len(found.images) == len(found.labels) <= 30


@pytest.mark.parametrize(
    ("asked", "said"),
    [('"folder:/nowhere"', "no folder"), ('"folder:{}/plain/3"', "No folder in"), ('"mnist5k"', "folder:PATH")],
)
def test_what_is_no_domain_is_a_sentence(asked: str, said: str, folder: Path, pictures: Path) -> None:
    study = with_analysis(Study.open(folder), f"domains = {asked.format(pictures)}\ncorruptions = []")
    if asked == '"mnist5k"':
        with pytest.raises(UserError, match=said):
            settings(study)
        return
    [problem] = measure.run(study, only=["domains"], jobs=1).problems
    assert said in problem


def test_a_damaged_image_is_named(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "a.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"a\.png cannot be read"):
        domains.read(f"folder:{tmp_path}", ["3"], (1, 8, 8), 30)


def test_domains_are_one_family_of_paired_differences() -> None:
    rows = []
    for ticket, counts in {"t": (80, 150), "u": (80, 110)}.items():
        for name, count, n in zip(("a", "b"), counts, (100, 200), strict=True):
            right = np.packbits(np.arange(n) < count).tobytes()
            rows.append({"ticket_id": ticket, "kind": f"folder:/{name}", "n": n, "right": right})
    found = compared.of_results(pd.DataFrame(rows), {"x": ["t"], "y": ["u"]}, {"t": 0, "u": 0})
    table = compared.apart(found, "x").set_index("domain")
    assert table["difference"].to_dict() == {"a": 0.0, "b": pytest.approx(-0.2)}
    assert table.at["b", "verdict"] == DIFFERS
    assert table.at["b", "p_holm"] == pytest.approx(2 * table.at["b", "p"])
    shares = compared.accuracies(found).set_index(["key", "domain"])["accuracy"]
    assert shares[("y", "b")] == pytest.approx(0.55)
