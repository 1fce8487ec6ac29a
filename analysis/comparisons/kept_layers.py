"""How much of each layer tickets keep, as their files' headers say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from pruning.study.folder import Entry

COLUMNS = ["key", "layer", "kept", "total", "share", "seeds"]


def kept_layers(found: Mapping[str, Sequence[Entry]]) -> pd.DataFrame:
    """Average over seeds.

    Args:
        found: key -> the tickets of its seeds.

    Returns:
        a row a ticket and layer, in the network's order: key, layer (the parameter without its last part), kept
        (weights, mean over seeds), total, share (kept of total, in [0, 1]), seeds.
    """
    rows = [
        (key, name.removesuffix(".weight"), kept, total, kept / max(total, 1), entry.recipe.seed)
        for key, entries in found.items()
        for entry in entries
        for name, (kept, total) in entry.info.layers.items()
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    of = {"kept": "mean", "total": "first", "share": "mean", "seeds": "nunique"}
    return frame.groupby(["key", "layer"], sort=False).agg(of).reset_index()[COLUMNS]
