"""One flipped bit in a ticket or a result file: it is noticed, in a sentence, and never read as if nothing were."""

import tempfile
from pathlib import Path

import numpy as np

from analysis.results.store import Results
from pruning.study.folder import Study
from pruning.ticket import Ticket
from tests.campaign.studies import measured
from tests.campaign.tally import SILENT, Tally


def run(count: int, seed: int, tally: Tally) -> None:
    """Flip one bit at a time, of a file that is drawn."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as place:
        study = Study.open(measured(Path(place)))
        results = Results(study.path)
        files = [entry.path for entry in study.entries()] + sorted(results.path.rglob("*.parquet"))
        for _ in range(count):
            path = files[rng.integers(len(files))]
            whole = path.read_bytes()
            bit = int(rng.integers(8 * len(whole)))
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            tally.tried += 1
            words = f"bit {bit} of {path.relative_to(study.path)}"
            with tally.sentences_only(words):
                if path.suffix == ".parquet":
                    results.table(path.parent.name)
                else:
                    Ticket.load(path)
                tally.count(SILENT, words)
            path.write_bytes(whole)
