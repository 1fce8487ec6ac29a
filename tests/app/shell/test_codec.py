"""Marked samples survive the URL, and foreign text does no harm."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.shell.codec import LARGEST, decode_samples, encode_samples


@given(st.lists(st.integers(0, 20_000), max_size=400))
def test_round_trip(samples: list[int]) -> None:
    text = encode_samples(np.array(samples, dtype=np.int64))
    assert decode_samples(text).tolist() == sorted(set(samples))
    assert re.fullmatch(r"[A-Za-z0-9_-]*", text)  # nothing that a URL would escape


@given(st.integers(0, LARGEST - 1))
def test_any_single_sample(sample: int) -> None:
    assert decode_samples(encode_samples(np.array([sample]))).tolist() == [sample]


@given(st.text(max_size=60))
def test_garbage_is_refused_or_read_but_never_breaks(text: str) -> None:
    try:
        samples = decode_samples(text)
    except ValueError:
        return
    assert len(samples) == len(set(samples.tolist()))


def test_a_lasso_stays_short() -> None:
    rng = np.random.default_rng(0)
    assert len(encode_samples(rng.choice(10_000, 1_000, replace=False))) < 1_000
    assert len(encode_samples(np.arange(5_000))) < 40
    assert encode_samples(np.array([], dtype=int)) == ""


def test_a_link_cannot_ask_for_a_huge_set() -> None:
    import base64
    import zlib

    bomb = zlib.compress(b"\xff" * (LARGEST // 4), 9)
    with pytest.raises(ValueError, match="too many"):
        decode_samples("b" + base64.urlsafe_b64encode(bomb).decode().rstrip("="))
    with pytest.raises(ValueError, match="too large"):
        decode_samples("g" + base64.urlsafe_b64encode(zlib.compress(b"\xff\xff\xff\xff\xff\x7f")).decode().rstrip("="))
