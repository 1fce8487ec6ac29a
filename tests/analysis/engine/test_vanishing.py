"""A ticket that goes or is cut short while it is measured costs itself alone: a small part of the campaign."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.campaign.campaign_vanish import harm_one
from tests.campaign.tally import Tally


@pytest.mark.parametrize(("harm", "jobs", "seed"), [("delete", 1, 0), ("cut", 1, 1), ("empty", 1, 2), ("other", 1, 3)])
def test_the_others_are_measured(
    harm: str, jobs: int, seed: int, tiny_study: Path, study_copy: Path, tmp_path: Path
) -> None:
    tally = Tally()
    shutil.rmtree(study_copy / "results", ignore_errors=True)
    harm_one(study_copy, tiny_study, harm, np.random.default_rng(seed), tally, jobs)
    assert (tally.tried, tally.examples) == (1, [])
