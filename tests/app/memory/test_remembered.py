"""What is computed is kept by name and arguments, once for all who ask at the same time, while there is room."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import streamlit as st
import torch
from torch import nn

from app.memory import remembered as module
from app.memory.remembered import remembered, size_of

ASKED: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    st.cache_resource.clear()
    ASKED.clear()


@remembered()
def _rows(name: str, count: int = 2, _source: object = None) -> np.ndarray | None:
    ASKED[name] += 1
    if name == "broken":
        raise ValueError(name)
    return None if name == "nothing" else np.zeros(count)


@remembered()
def _others(name: str, count: int = 2) -> str:
    return name


def test_it_is_made_once_for_arguments_that_count() -> None:
    first = _rows("a", _source=[])
    assert _rows("a", 2, _source=object()) is first
    assert _rows(name="a", count=3) is not first
    assert _rows("nothing") is None
    assert _rows("nothing") is None
    assert _others("a") == "a"
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            _rows("broken")
    assert ASKED == {"a": 2, "nothing": 1, "broken": 2}
    st.cache_resource.clear()
    assert _rows("a") is not first


def test_what_was_not_used_for_longest_goes_when_the_room_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 3_000)
    for name in "abcad":
        _rows(name, 100)  # 800 bytes each, and a little
    assert _rows("a", 100) is not None
    assert ASKED["a"] == 1
    _rows("b", 100)
    assert ASKED["b"] == 2
    large = _rows("large", 10_000)
    assert _rows("large", 10_000) is large, "the last one stays, however large"


def test_who_asks_meanwhile_waits_for_it() -> None:
    begun, go = threading.Event(), threading.Event()

    @remembered()
    def slow(name: str) -> object:
        ASKED[name] += 1
        begun.set()
        go.wait(10)
        return object()

    found: list[object] = []
    asking = [threading.Thread(target=lambda: found.append(slow("a"))) for _ in range(4)]
    for each in asking:
        each.start()
    assert begun.wait(10)
    assert _others("meanwhile") == "meanwhile"
    go.set()
    for each in asking:
        each.join()
    assert len({id(each) for each in found}) == 1
    assert ASKED["a"] == 1


def test_bytes_are_those_of_what_is_held() -> None:
    @dataclass
    class Held:
        own: np.ndarray
        others: dict[str, list[torch.Tensor]]

    array, tensor = np.zeros((100, 50)), torch.zeros(7_000)
    held = Held(array, {"a": [tensor, tensor], "b": []})
    assert 68_000 <= size_of(held) < 70_000, "each once"
    assert size_of(array.astype(bool)) == 5_000
    frame = pd.DataFrame({"n": np.arange(1_000), "packed": [bytes(500)] * 1_000})
    assert 500_000 < size_of(frame) < 600_000
    assert size_of(nn.Linear(100, 100)) == 4 * 10_100


def test_a_table_is_the_pages_own_to_change() -> None:
    @remembered()
    def made() -> pd.DataFrame:
        return pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})

    mine = made().copy(deep=False)  # as `load.table` gives it
    mine.loc[0, "a"] = 7
    mine["b"] = "z"
    mine["c"] = 1.0
    assert made().to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
