"""Modular arithmetic: all pairs once, results by brute force, splits, and what is said of wrong names."""

import pytest
import torch

from pruning.data import Dataset, available, choices, load_data, normalise
from pruning.errors import UserError

BY_HAND = {"add": lambda i, j, p: (i + j) % p, "sub": lambda i, j, p: (i - j) % p, "mul": lambda i, j, p: i * j % p}


def pairs_of(data: Dataset) -> dict[str, list[tuple[int, int, int]]]:
    """Of each part its pairs and their results, read off the images."""
    found = {}
    for part, split in (("train", data.train), ("test", data.test)):
        lit = [image[0].nonzero().tolist() for image in split.images]
        assert all([row for row, _ in each] == [0, 1] for each in lit)  # one token a row
        results = split.labels.tolist()
        found[part] = [(each[0][1], each[1][1], result) for each, result in zip(lit, results, strict=True)]
    return found


@pytest.mark.parametrize("modulus", [2, 7, 8])
@pytest.mark.parametrize("operation", ["add", "sub", "mul"])
def test_every_pair_is_there_once_with_its_result(operation: str, modulus: int) -> None:
    found = pairs_of(load_data(f"modular:{operation}:{modulus}:0.4"))
    numbers = range(modulus)
    ordered = operation == "sub"
    expected = {(i, j, BY_HAND[operation](i, j, modulus)) for i in numbers for j in numbers if ordered or i <= j}
    assert sorted(found["train"] + found["test"]) == sorted(expected)


def test_the_papers_data() -> None:
    """67 numbers, 40 %: 911 of the 2,278 unordered pairs are for training in the published code."""
    data = load_data("modular:add:67:0.4")
    assert (len(data.train.labels), len(data.test.labels)) == (911, 1367)
    assert data.shape == (1, 2, 67)
    assert data.classes == tuple(str(number) for number in range(67))
    assert data.train.images.dtype == torch.uint8
    assert data.train.labels.dtype == torch.int64
    assert available("modular:add:67:0.4")
    assert "modular:OP:P:SHARE" in choices()
    assert load_data("modular:add:67:0.4") is data


def test_a_share_is_that_of_the_pairs_to_the_last_one() -> None:
    assert len(load_data("modular:sub:10:0.29").train.labels) == 29  # 100 * .29 is a little less in floating point


def test_the_split_has_a_seed_of_its_own_and_mixes() -> None:
    first, again, other = (load_data(f"modular:sub:11:0.5{seed}") for seed in ("", ":0", ":1"))
    assert torch.equal(first.train.images, again.train.images)
    kept, others = (set(pairs_of(data)["train"]) for data in (first, other))
    assert 10 < len(kept & others) < 50  # of 60; 30 are expected of two independent halves
    assert len({i for i, _, _ in kept}) == 11


def test_no_normalisation_changes_the_rows() -> None:
    data = load_data("modular:mul:7:0.5")
    found = normalise(data.train.images, data.mean, data.std)
    assert torch.equal(found, data.train.images / 255)
    assert found.sum((1, 3)).unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("modular:", "should be modular:OP:P:SHARE"),
        ("modular:add:67", "such as modular:add:67:0.4"),
        ("modular:add:67:0.4:0:0", "should be"),
        ("modular:add:x:0.4", "with numbers"),
        ("modular:ad:67:0.4", "Did you mean 'add'"),
        ("modular:add:1:0.4", "give one of 2 to 997"),
        ("modular:add:998:0.4", "give one of 2 to 997"),
        ("modular:add:7:1", "no training or no test pairs of 28"),
        ("modular:add:7:0", "no training or no test pairs"),
        ("modular:add:7:0.01", "no training or no test pairs"),
        ("modular:add:7:nan", "no training or no test pairs"),
        ("modular:add:7:0.4:-1", "give 0 or more"),
    ],
)
def test_wrong_names_end_in_a_sentence(name: str, words: str) -> None:
    for ask in (load_data, available):
        with pytest.raises(UserError, match=words):
            ask(name)
