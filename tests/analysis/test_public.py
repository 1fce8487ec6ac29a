"""What a notebook imports from `analysis`."""

import subprocess
import sys

from tests import ROOT

SCRIPT = """
import sys
import analysis
assert not {"torch", "pandas", "duckdb"} & set(sys.modules), "importing the package alone waits for nothing"
from analysis import comparisons, corruptions, embedding, geometry, overlap, robustness
assert overlap.pairwise({}).empty
assert callable(corruptions.corrupt) and callable(geometry.measure) and callable(robustness.evaluate)
"""


def test_the_rooms_that_a_notebook_uses_are_read_when_they_are_used() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, check=True)
