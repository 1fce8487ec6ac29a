"""Which client has which images: every image once, in the shares and classes asked for, or a sentence."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pruning.data import Dataset, Split, load_data, make_dataset
from pruning.errors import UserError
from pruning.execution.travelling import Mirror, Sent, within
from pruning.federated.splits import label_counts, parsed, shared_out


def made(labels: list[int], classes: int) -> Dataset:
    """A data set of grey images with these labels."""
    split = Split(torch.zeros(len(labels), 1, 2, 2, dtype=torch.uint8), torch.tensor(labels))
    return make_dataset("made", [str(label) for label in range(classes)], split, split)


@settings(max_examples=25, deadline=None)
@given(
    split=st.sampled_from(["iid", "dirichlet:0.3", "dirichlet:5", "classes:2", "classes:5"]),
    clients=st.integers(5, 12),
    seed=st.integers(0, 50),
)
def test_every_image_has_one_client_and_every_client_an_image(split: str, clients: int, seed: int) -> None:
    data = made([row % 5 for row in range(200)], 5)
    rows = shared_out(data, split, clients, seed)
    assert list(rows) == [str(client) for client in range(clients)]
    assert sorted(torch.cat(list(rows.values())).tolist()) == list(range(200))
    assert all(len(own) for own in rows.values())
    again = shared_out(data, split, clients, seed)
    assert all(torch.equal(own, again[name]) for name, own in rows.items())


@pytest.mark.parametrize("clients", [5, 10, 13])
def test_every_client_has_its_number_of_classes_and_no_class_is_favoured(clients: int) -> None:
    data = load_data("digits")
    counts = label_counts(data.train.labels, list(shared_out(data, "classes:2", clients, 3).values()), 10)
    assert (counts > 0).sum(1).tolist() == [2] * clients
    owners = (counts > 0).sum(0)
    assert int(owners.max() - owners.min()) <= 1
    for label in range(10):
        shares = counts[:, label][counts[:, label] > 0]
        assert int(shares.max() - shares.min()) <= 1


def test_counts_are_those_of_a_loop() -> None:
    labels = torch.tensor([0, 2, 2, 1, 0])
    counts = label_counts(labels, [torch.tensor([0, 1, 2]), torch.tensor([3, 4])], 4)
    assert counts.tolist() == [[1, 0, 2, 0], [1, 1, 0, 0]]


def test_shares_spread_as_dirichlet_says() -> None:
    """The variance of a share is (1 - 1/K) / (K (K alpha + 1)) (the Dirichlet distribution's)."""
    data = made([row % 40 for row in range(40 * 400)], 40)
    for alpha in (0.3, 3.0):
        counts = label_counts(data.train.labels, list(shared_out(data, f"dirichlet:{alpha}", 5, 0).values()), 40)
        expected = (1 / 5) * (1 - 1 / 5) / (5 * alpha + 1)
        assert float((counts / 400).var(0, correction=0).mean()) == pytest.approx(expected, rel=0.25)


def test_a_column_names_the_clients(tmp_path: Path) -> None:
    file = tmp_path / "writers.csv"
    file.write_text("image,writer\n0,ann\n1,bob\n2,ann\n3, cleo \n")
    rows = shared_out(made([0, 1, 0, 1], 2), f"column:{file}:writer", None, 0)
    assert {name: own.tolist() for name, own in rows.items()} == {"ann": [0, 2], "bob": [1], "cleo": [3]}


def test_a_column_that_was_brought_from_another_machine_is_found(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    content = b"writer\nann\nbob\n"
    mirror.put(Sent("/home/ann/writers.csv", len(content), ""), content)
    with within(mirror, "/home/ann"):
        rows = shared_out(made([0, 1], 2), "column:writers.csv:writer", None, 0)
    assert {name: own.tolist() for name, own in rows.items()} == {"ann": [0], "bob": [1]}


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("writer\nann\nbob\nann\n", "writer", "has 3 rows and the data set 4 training images"),
        ("writer\nann\nbob\nann\nbob\n", "writers", "has no column 'writers'. Did you mean 'writer'?"),
        ("writer,x\nann,1\nbob,1\n,1\nbob,1\n", "writer", "Row 4 of"),
    ],
)
def test_a_column_that_does_not_fit_is_one_sentence(tmp_path: Path, text: str, column: str, message: str) -> None:
    file = tmp_path / "writers.csv"
    file.write_text(text)
    with pytest.raises(UserError, match=re.escape(message)):
        shared_out(made([0, 1, 0, 1], 2), f"column:{file}:{column}", None, 0)


def test_a_file_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(UserError, match=r"The file nowhere\.csv of the split cannot be read"):
        shared_out(made([0, 1], 2), "column:nowhere.csv:writer", None, 0)


def test_sub_folders_of_the_classes_are_the_clients(tmp_path: Path) -> None:
    places = ["train/cat/ann/0.png", "train/cat/bob/0.png", "train/dog/bob/0.png", "test/cat/0.png", "test/dog/0.png"]
    for place in places:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / place)
    data = load_data(f"folder:{tmp_path}")
    rows = shared_out(data, "folders", None, 0)
    assert {name: own.tolist() for name, own in rows.items()} == {"ann": [0], "bob": [1, 2]}
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "train/dog/loose.png")
    with pytest.raises(UserError, match="lies in no client's sub-folder"):
        shared_out(data, "folders", None, 0)
    with pytest.raises(UserError, match="the data set 'digits' is none"):
        shared_out(load_data("digits"), "folders", None, 0)


@pytest.mark.parametrize(
    ("split", "clients", "message"),
    [
        ("classes:11", 10, "gives a client 11 classes, and the data set has 10; give at most classes:10"),
        ("classes:2", 4, "leave 2 of 10 classes to nobody"),
        ("iid", 5000, "A client would be without data: 5,000 clients share"),
        ("dirichlet:0.01", 300, "A client would be without data: the split dirichlet:0.01 leaves a client of 300"),
        ("classes:1", 1400, "A client would be without data"),
    ],
)
def test_what_cannot_be_shared_out_is_one_sentence(split: str, clients: int, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as error:
        shared_out(load_data("digits"), split, clients, 0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "split",
    ["dirichlet", "dirichlet:0", "dirichlet:nan", "classes:", "classes:0", "classes:1.5", "iid:3", "column:x", "x"],
)
def test_an_unknown_split_is_one_sentence(split: str) -> None:
    with pytest.raises(UserError, match="There is no split"):
        parsed(split)
