"""What a notebook imports from `analysis`."""

import subprocess
import sys

from tests import ROOT

SCRIPT = """
import sys
import analysis
assert not {"torch", "pandas", "duckdb"} & set(sys.modules), "importing the package alone waits for nothing"

import torch
from analysis.corruptions import corrupt, register_corruption
rooms = {"pruning.recipe", "pruning.study.folder", "pruning.finders.base", "analysis.results", "analysis.engine"}
heavy = {"duckdb", "pandas", "pyarrow", "pydantic", "streamlit", "plotly"} | rooms
assert not (heavy | {"torchvision"}) & set(sys.modules), "on import"
images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
assert corrupt(images, "brightness", 3).shape == images.shape
assert not {"duckdb", "pyarrow", *rooms} & set(sys.modules), "once the corruptions are read"

from analysis import comparisons, corruptions, embedding, geometry, overlap, robustness
assert overlap.pairwise({}).empty
assert callable(corruptions.corrupt) and callable(geometry.measure) and callable(robustness.evaluate)
"""


def test_rooms_are_read_when_they_are_used_and_corruptions_need_neither_study_code_nor_database() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, check=True)
