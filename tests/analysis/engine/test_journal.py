"""What a kill leaves in the journal is taken as it was written, or not at all."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.engine.journal import Journal, Rows
from analysis.results.provenance import Provenance
from analysis.results.store import Results
from analysis.results.tables import TABLES


def rows(value: float) -> Rows:
    """Rows of the table `conditions`, the same number in each column that is one."""
    columns = {
        name: ["fog"] if column.kind == "str" else [value if column.is_float else 3]
        for name, column in TABLES["conditions"].columns.items()
    }
    return Rows(pd.DataFrame(columns), {"fog 3": Provenance(1, "digest")})


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_costs_the_file_and_never_changes_a_number(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    journal, results = Journal(tmp_path), Results(tmp_path)
    whole = journal.write({("conditions", "a"): rows(0.25)})
    hurt = journal.write({("conditions", "b"): rows(0.5)})
    content = bytearray(hurt.read_bytes())
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    hurt.write_bytes(content)
    assert journal.merge(results) == [("conditions", "a")]
    assert results.ids("conditions") == ["a"]
    assert not whole.exists()
    assert not hurt.exists()


def test_files_of_one_content_are_two(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first, second = (journal.write({("conditions", "a"): rows(0.25)}) for _ in range(2))
    assert first != second
    assert first.read_bytes() == second.read_bytes()
