"""The charts of a report."""

import base64
import copy
import gzip
import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
from hypothesis import given
from hypothesis import strategies as st

from app.report import figures
from app.shell.light import changes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "#fff"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, JSON)
def test_the_changes_make_one_of_the_other(one: Any, other: Any) -> None:
    made = {"root": copy.deepcopy(one)}
    for path, value in changes(one, other):
        at: Any = made
        *way, last = ["root", *path]
        for key in way:
            at = at[key]
        at[last] = value
    assert made["root"] == other


def test_what_is_the_same_in_both_modes_is_there_once() -> None:
    light = go.Figure(go.Scatter(y=np.arange(100.0), marker_color="#000000"))
    dark = go.Figure(go.Scatter(y=np.arange(100.0), marker_color="#ffffff"))
    found = figures.pair(light.to_json() or "", dark.to_json())
    path = ["data", 0, "marker", "color"]
    assert found["dark"] == [(path, "#ffffff")]
    packed = figures.compressed([found])
    assert json.loads(gzip.decompress(base64.b64decode(packed)))[0]["dark"] == [
        [["data", 0, "marker", "color"], "#ffffff"]
    ]


def test_of_many_images_some_are_drawn_and_it_is_said() -> None:
    count = 2 * figures.POINTS + 1
    hover = {key: np.arange(count) % 7 for key in ("label", "prediction", "percent")}
    samples = go.Scattergl(
        x=np.arange(count, dtype=np.float32), y=np.zeros(count), customdata=np.arange(count),
        marker={"color": np.arange(count) % 3}, meta={"kind": "samples", "hover": hover},
    )  # fmt: skip
    line = go.Scatter(x=np.arange(count))
    figure = figures.thinned(json.loads(go.Figure([samples, line]).to_json() or ""))
    drawn = go.Figure({"data": figure["data"][:1]}, skip_invalid=True).data[0]
    x = (
        np.frombuffer(base64.b64decode(drawn.x["bdata"]), np.float32)
        if isinstance(drawn.x, dict)
        else np.array(drawn.x)
    )
    assert x.tolist() == list(range(0, count, 3))
    assert figure["note"] == f"Of the images {len(x):,} of {count:,} are drawn."
    assert len(figure["data"][1]["x"]["bdata"]) > 1000
