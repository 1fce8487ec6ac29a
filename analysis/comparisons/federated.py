"""What clients found together: accuracy of all and of each, over rounds and over what was sent.

Two accuracies are always given. The global one is that of the server's network on all classes. The personal one is that
of a client's own network on its own mixture of classes; where a client has few classes it is high for that reason
alone, so that it stands beside its chance, the share of the client's most frequent class.

Ways are compared at equal rounds, and at equal bytes: a budget gives each the last round that it could pay for. All
that is held against one baseline is one family (`statistics.verdicts`); with one seed one cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.scores import Scores, judged
from analysis.statistics.replication import SHARE, bands
from pruning.study.folder import Entry
from pruning.tasks import get_task

Found = Mapping[str, Sequence[Entry]]
"""Ticket's key -> its seeds."""

BITS = 8
DIRECTIONS = {"both": "up and down", "up": "up only"}
SETTING = ("split", "clients", "participation", "dropouts", "stragglers", "local")
PERSONAL, GLOBAL = "personal", "accuracy"


def is_federated(entry: Entry) -> bool:
    """Whether clients found the ticket."""
    return bool(entry.info.recorded("clients"))


def setting(entry: Entry) -> str:
    """Who learns together, in words: tickets of one setting may be compared."""
    recipe = entry.recipe
    split, clients, part, lost, late, local = (recipe.option(name) for name in SETTING)
    count = clients or len(entry.info.recorded("clients")["client"])
    said = [f"{split}, {count} clients, {local} iterations a round"]
    said += [f"{100 * part:g} % of them a round"] if part < 1 else []
    said += [f"{100 * lost:g} % drop out"] if lost else []
    said += [f"{100 * late:g} % straggle"] if late else []
    return ", ".join(said)


def by_setting(found: Found) -> dict[str, dict[str, list[Entry]]]:
    """Setting, in words -> those of the tickets that clients found in it, in their order; the largest setting first."""
    groups: dict[str, dict[str, list[Entry]]] = {}
    for key, entries in found.items():
        own = [entry for entry in entries if is_federated(entry)]
        if own:
            groups.setdefault(setting(own[0]), {})[key] = own
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def baseline(found: Found) -> str:
    """The ticket that others are held against: FedAvg of the whole network, else the first."""
    whole = (
        key
        for key, entries in found.items()
        if entries[0].recipe.option("way") == "fedavg" and entries[0].recipe.sparsity == 0
    )
    return next(whole, next(iter(found)))


def rounds(found: Found) -> pd.DataFrame:
    """What was noted in each round.

    Returns:
        key, seed, round (0: before any), accuracy (global), personal and global_personal (a client's own network, and
        the global one, on the client's mixture; means over clients; the first over those that sent), participants,
        sent, even (kept weights whose vote is even), up and down (bytes of all clients so far), both (their sum).
    """
    tables = []
    for key, entries in found.items():
        for entry in entries:
            own = pd.DataFrame(entry.info.recorded("rounds"))
            up, down = (own.pop(f"bits_{way}").cumsum() / BITS for way in ("up", "down"))
            own = own.assign(up=up, down=down, both=up + down)
            own.insert(0, "seed", entry.recipe.seed)
            own.insert(0, "key", key)
            tables.append(own)
    columns = ["key", "seed", "round", GLOBAL, PERSONAL, "global_personal", "participants", "sent", "even"]
    found_rows = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    return found_rows.reindex(columns=[*columns, "up", "down", "both"])


def over_seeds(rows: pd.DataFrame, value: str, direction: str = "both") -> pd.DataFrame:
    """Average a column of `rounds` over seeds, one of shares.

    Returns:
        key, round, mean, low, high (Student's 95 %, 0 to 1; NaN for one seed), n, bytes (mean over seeds).
    """
    table = bands(rows, ["key", "round"], value, SHARE)
    spent = rows.groupby(["key", "round"], sort=False)[direction].mean().rename("bytes")
    return table.join(spent, on=["key", "round"])


def last(rows: pd.DataFrame) -> pd.DataFrame:
    """The last round of each training."""
    return rows.groupby(["key", "seed"], sort=False).tail(1)


def affordable(rows: pd.DataFrame, budget: float, direction: str = "both") -> pd.DataFrame:
    """The last round of each training that a budget of bytes pays for; round 0 costs nothing."""
    return last(rows[rows[direction] <= budget])


def spent(rows: pd.DataFrame, direction: str = "both") -> dict[str, float]:
    """Key -> bytes spent in all rounds, mean over seeds; the cheapest first."""
    means = last(rows).groupby("key", sort=False)[direction].mean().sort_values(kind="stable")
    return {str(key): float(value) for key, value in means.items()}


def clients(found: Found) -> pd.DataFrame:
    """One row a client.

    Returns:
        key, seed, client (from 0), images, chance, personal (own network in the last round that it sent one; NaN:
        never), global_personal (the last global network on the client's mixture), rounds (that it took part in), sent.
    """
    tables = [
        pd.DataFrame(entry.info.recorded("clients")).assign(key=key, seed=entry.recipe.seed)
        for key, entries in found.items()
        for entry in entries
    ]
    columns = ["key", "seed", "client", "images", "chance", PERSONAL, "global_personal", "rounds", "sent"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def mixtures(entry: Entry) -> np.ndarray:
    """How many images of each class each client has, int64 [clients, classes]."""
    noted = entry.info.recorded("labels")
    counts = np.zeros((len(entry.info.recorded("clients")["client"]), len(entry.info.classes)), dtype=np.int64)
    counts[np.array(noted["client"], dtype=int), np.array(noted["label"], dtype=int)] = noted["images"]
    return counts


def agreement(found: Found) -> pd.DataFrame:
    """How far clients agree on signs, by layer.

    Returns:
        key, seed, round, layer (its weight's name), agreement (|sum n_i s_i| / n, mean over kept weights, in [0, 1]; of
        ways that vote on masks, on what is kept), by_chance (expected of clients that throw coins).
    """
    tables = []
    for key, entries in found.items():
        for entry in entries:
            own = pd.DataFrame(entry.info.recorded("agreement"), dtype=float)
            names = dict(enumerate(entry.info.layers))
            tables.append(own.assign(layer=own["layer"].map(names), key=key, seed=entry.recipe.seed))
    columns = ["key", "seed", "round", "layer", "agreement", "by_chance"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def bill(found: Found) -> pd.DataFrame:
    """What is sent, in bytes, mean over seeds.

    Returns:
        key, joining_up and joining_down (a client, once), up and down (a client in a round), all_up and all_down (of
        all clients in all rounds), both (their sum), rounds, clients.
    """
    rows = []
    every = last(rounds(found)).groupby("key")[["up", "down", "both", "round"]].mean()
    for key, entries in found.items():
        noted = pd.DataFrame(
            [{name: each[0] for name, each in entry.info.recorded("bill").items()} for entry in entries]
        )
        own = (noted.mean() / BITS).to_dict()
        total = every.loc[key]
        people = np.mean([len(entry.info.recorded("clients")["client"]) for entry in entries])
        rows.append(
            {"key": key, **own, "all_up": total["up"], "all_down": total["down"], "both": total["both"],
             "rounds": total["round"], "clients": people}
        )  # fmt: skip
    names = ["key", "joining_up", "joining_down", "up", "down", "all_up", "all_down", "both", "rounds", "clients"]
    return pd.DataFrame(rows, columns=names)


def against(rows: pd.DataFrame, baseline: str, value: str = GLOBAL, equivalence: float = 0.01) -> pd.DataFrame:
    """Hold each ticket's accuracy against the baseline's, seed by seed.

    Args:
        rows: one a training, such as of `last` or `affordable`.
        baseline: a key among them.
        value: the column.
        equivalence: the difference that does not matter, a fraction.

    Returns:
        key and the columns of `statistics.verdicts.judge`; differences are the ticket's minus the baseline's.
    """
    values = {key: dict(zip(own["seed"], own[value], strict=True)) for key, own in rows.groupby("key", sort=False)}
    scores = Scores(get_task(None).score, values)
    pairs = [(key, baseline) for key in scores if key != baseline]
    there, table = judged(scores, pairs, equivalence, 0.95)
    return table.assign(key=[key for key, _ in there])


def over_keys(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Average a column of shares over seeds; within a seed over its rows first, such as its clients.

    Returns:
        key, mean, low, high (Student's 95 %, 0 to 1; NaN for one seed), n.
    """
    each = rows.groupby(["key", "seed"], sort=False)[value].mean().reset_index()
    return bands(each, ["key"], value, SHARE)
