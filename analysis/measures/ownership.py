"""Whose a ticket is: an owner's mark in the tickets of a study, and what is left of it after each attack.

A ticket is held against the signed tickets of its seed. Of a signed ticket itself all attacks of
`metrics.attacks_on_marks` are made; of any other there is what it has of the mark by chance or by descent. What a thief
reaches who trains again stands beside each attack: a mark that outlives only thieves who do not train is worth little.
A ticket that was shipped without its key is held against the one that has it: which of the key a forger guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import pandas as pd
import torch
from pydantic import BaseModel, Field

from analysis.engine.base import Column, Context, Measure, Pair
from analysis.engine.settings import AnalysisConfig
from analysis.measures.owner_rows import UNTRAINED, Row, answered, guessed, row_of
from analysis.metrics.attacks_on_marks import (
    ATTACKS,
    FORGED,
    FORGED_KEY,
    NONE,
    REALIGNED,
    THIEF,
    TRUE_KEY,
    TUNED,
    Attack,
)
from analysis.metrics.theft import Loot, for_thief
from pruning.data import Dataset, Split
from pruning.finders.lineage import lineage
from pruning.ownership.code import Code
from pruning.ownership.mark import evidence
from pruning.ownership.texts import code_of
from pruning.ownership.triggers import answers, triggers
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.seeds import generator

CODE, TRIGGERS, KEY = "code", "triggers", "key"
OWN, COPY, INNOCENT = "own", "copy", "innocent"

Look = Callable[[Attack, Loot], Row]
"""What an owner finds in what a thief made of a network by an attack."""

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Of forged codes."""


class OwnershipOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        thief_epochs: how long a thief trains again after an attack; left out, a fifth of the ticket's own training.
        forgeries: how many codes of other texts are looked for in a signed ticket.
    """

    thief_epochs: Annotated[float, Field(ge=0)] | None = None
    forgeries: Annotated[int, Field(ge=0)] = 50


@dataclass(frozen=True)
class Thief:
    """What a thief has: the data, and a while of the ticket's own training."""

    data: Dataset
    training: Training
    seed: int

    @classmethod
    def of(cls, context: Context) -> Thief:
        """One who takes the ticket of a context."""
        assert context.images.data is not None
        assert isinstance(context.settings, OwnershipOptions)
        info, own = context.ticket.info, context.ticket.recipe
        test = Split(context.images.images, context.images.labels)
        data = replace(context.images.data.normalised_by(info.mean, info.std), test=test)
        asked = context.settings.thief_epochs
        return cls(data, for_thief(own.training, own.training.epochs / 5 if asked is None else asked), own.seed)

    def accuracy(self, loot: Loot) -> float:
        """Of what was taken, as it is."""
        return loot.accuracy(self.data, self.training.precision)

    def retrained(self, loot: Loot) -> tuple[Loot, float]:
        """The same trained again, and its accuracy."""
        return loot.retrained(self.data, self.training, self.seed)


def ownership(context: Context) -> pd.DataFrame:
    """The rows of a ticket that is held against a signed one.

    Raises:
        UserError: the owner's text is not on this machine.
    """
    owner, found = context.partner, []
    assert owner is not None
    if lacks_key_of(context.entry, owner.id):
        found += [{"scheme": KEY} | row for row in _unlocked(context, owner)]
    if is_signed(owner.recipe):
        found += _marked(context, owner)
    frame = pd.DataFrame(found)
    frame.insert(0, "other", owner.id)
    frame.insert(1, "relation", context.relation)
    return frame


def _marked(context: Context, owner: Ticket) -> list[Row]:
    """What a ticket has of an owner's marks."""
    code, found = code_of(owner.recipe.option("code_sha256")), []
    for scheme, looks in _schemes(owner, code).items():
        attacks = [attack for attack in ATTACKS if scheme == CODE or not attack.realign]
        if context.relation == OWN:
            rows = _attacked(context, looks, attacks, by_answers=scheme == TRIGGERS)
        else:
            rows = _suspected(context, owner, looks, attacks)
        found += [{"scheme": scheme} | row for row in rows]
    if context.relation == OWN and FINDERS[owner.recipe.finder].signs_mask:
        found += [{"scheme": CODE} | row for row in _forged(context, owner, code)]
    return found


def _schemes(owner: Ticket, code: Code) -> dict[str, Look]:
    """How the owner looks for each mark that the signed ticket has."""
    found: dict[str, Look] = {}
    if FINDERS[owner.recipe.finder].signs_mask:
        found[CODE] = lambda attack, seen: row_of(attack.evidence(seen, owner.masks, code), code)
    if count := owner.recipe.option("triggers"):
        info = owner.info
        shown = triggers(code, info.shape, len(info.classes), count)
        found[TRIGGERS] = lambda attack, seen: answered(
            answers(seen.model, shown, len(info.classes), info.mean, info.std)
        )
    return found


def _attacked(context: Context, look: Look, attacks: Sequence[Attack], by_answers: bool) -> Iterator[Row]:
    """A row an attack on the signed ticket; training changes what it answers, and no mask."""
    thief, loot = Thief.of(context), Loot.of(context.ticket)
    for number, attack in enumerate(attacks):
        context.progress(number / len(attacks), f"attack '{attack.name}' on {context.entry.recipe.label}")
        stolen = attack.make(loot)
        trained, again = thief.retrained(stolen)
        shared: Row = {"strength": attack.strength, "retrained": again}
        found = look(attack, stolen)
        after = look(attack, trained) if by_answers else found
        shared |= {"retrained_ber": after["ber"], "retrained_p_value": after["p_value"]}
        yield found | {"attack": attack.name, **shared, "accuracy": thief.accuracy(stolen)}
        if attack.name == NONE:
            shared["strength"] = thief.training.epochs
            yield after | {"attack": TUNED, **shared, "accuracy": again}


def _suspected(context: Context, owner: Ticket, look: Look, attacks: Sequence[Attack]) -> Iterator[Row]:
    """What another ticket has of the mark: as it is, and realigned to the owner's, which must not make a mark."""
    loot = Loot.of(context.ticket)
    for attack in attacks:
        if attack.name == NONE or (attack.name == REALIGNED and context.ticket.masks.keys() == owner.masks.keys()):
            row = look(attack, loot if attack.name == NONE else attack.make(loot))
            yield {**row, "attack": attack.name, **UNTRAINED, "accuracy": context.ticket.info.accuracy}


def _forged(context: Context, owner: Ticket, code: Code) -> Iterator[Row]:
    """What codes of other texts of the same length have in the signed ticket."""
    assert isinstance(context.settings, OwnershipOptions)
    draws = generator(context.entry.recipe.seed, "forged codes")
    for _ in range(context.settings.forgeries):
        places = torch.randint(len(LETTERS), (len(code.text),), generator=draws)
        forged = Code("".join(LETTERS[place] for place in places.tolist()))
        row = row_of(evidence(owner.masks, forged), forged)
        yield {**row, "attack": FORGED, **UNTRAINED}


def _unlocked(context: Context, owner: Ticket) -> Iterator[Row]:
    """What a ticket without its key is worth as it is, with the key, and with one that a forger takes for it."""
    thief, loot, recipe = Thief.of(context), Loot.of(context.ticket), context.ticket.recipe
    whole = Loot.of(owner)
    count = sum(int((mask & ~loot.masks[name]).sum()) for name, mask in whole.masks.items())
    forged = loot.with_forged_key(recipe.option("by"), count, thief.data, thief.training, THIEF)
    for number, (attack, seen) in enumerate({NONE: loot, TRUE_KEY: whole, FORGED_KEY: forged}.items()):
        context.progress(number / 3, f"attack '{attack}' on {context.entry.recipe.label}")
        row = guessed(loot.masks, whole.masks, seen.masks, count)
        again = thief.retrained(seen)[1]
        yield {**row, "attack": attack, **UNTRAINED, "accuracy": thief.accuracy(seen), "retrained": again}


def pairs(entries: Sequence[Entry]) -> Mapping[str, Sequence[Pair]]:
    """Each ticket with the signed ones of its seed, and one that lacks a key with that which has it.

    What has no pruned weight has no mark.
    """
    signed = [entry for entry in entries if is_signed(entry.recipe)]
    by_id = {entry.id: entry for entry in entries}
    found: dict[str, list[Pair]] = {}
    for entry in entries:
        own = [each for each in signed if each.recipe.seed == entry.recipe.seed and _comparable(each, entry)]
        owner = by_id.get(entry.recipe.of.id) if entry.recipe.of is not None else None
        if owner is not None and owner not in own and lacks_key_of(entry, owner.id):
            own.append(owner)
        found[entry.id] = [Pair(each, _relation(entry, each)) for each in own]
    return {key: each for key, each in found.items() if each}


def is_signed(recipe: Recipe) -> bool:
    """Whether a ticket carries a mark: in its mask, or in what it answers to trigger images."""
    return FINDERS[recipe.finder].signs_mask or bool(recipe.option("triggers"))


def lacks_key_of(entry: Entry, owner: str) -> bool:
    """Whether a ticket was shipped without its key, and not trained again, and that of an id has it."""
    recipe = entry.recipe
    return (
        bool(recipe.option("key")) and not recipe.option("retrain") and recipe.of is not None and recipe.of.id == owner
    )


def _comparable(owner: Entry, entry: Entry) -> bool:
    return entry.kept < entry.total and owner.recipe.model == entry.recipe.model


def _relation(entry: Entry, owner: Entry) -> str:
    if entry.id == owner.id:
        return OWN
    return COPY if owner.id in {recipe.id for recipe in lineage([entry.recipe])} else INNOCENT


def matters(settings: AnalysisConfig, images: int) -> Mapping[str, object]:
    """What decides the numbers."""
    assert isinstance(settings, OwnershipOptions)
    return {"thief_epochs": settings.thief_epochs, "forgeries": settings.forgeries}


MEASURE = Measure(
    name="ownership",
    meaning="an owner's mark in tickets, and what attacks leave of it",
    of="pair",
    needs=frozenset({"masks", "weights", "images", "training images", "partner"}),
    rows=ownership,
    version=2,
    pairs=pairs,
    options=OwnershipOptions,
    matters=matters,
    cost=lambda parts, images, macs: 8.0 * len(parts),
    columns={
        "other": Column("str", "", "id of the signed ticket whose mark is looked for"),
        "relation": Column("str", "", '"own": it is that ticket; "copy": it descends from it; "innocent": it does not'),
        "scheme": Column(
            "str",
            "",
            '"code": a QR code in the mask; "triggers": images whose labels the owner knows; "key": weights kept back',
        ),
        "attack": Column(
            "str",
            "",
            'what was done to the ticket; "none": nothing; "forged code": another text is looked for; "forged key": '
            "the weights are given back that a forger takes for the key, who trains all and knows the rule",
        ),
        "strength": Column(
            "f64", "", "share of the weights that is pruned or given back, or epochs of fine-tuning; 0 for others"
        ),
        "accuracy": Column("f64", "", "share of the test images that are right after the attack, 0 to 1"),
        "retrained": Column("f64", "", "the same after the thief has trained it again"),
        "retrained_ber": Column("f64", "", "`ber` after the thief has trained it again; no mask changes by that"),
        "retrained_p_value": Column("f64", "", "`p_value` likewise"),
        "n": Column("i32", "", "modules of the code that are compared, trigger images shown, or weights of the key"),
        "matches": Column("i32", "", "those of them that agree, in the best window"),
        "windows": Column("i64", "", "windows searched, by which the p value is corrected; 1 for others"),
        "ber": Column(
            "f64",
            "",
            "bit error rate: the share that disagrees; one half is chance for a code",
        ),
        "limit": Column(
            "f64",
            "",
            "bit error rate up to which p is below 1e-6, whichever modules are wrong; below 0: none; of a key: chance",
        ),
        "limit_undated": Column("f64", "", "the same for `undated`; missing where there is none"),
        "p_value": Column(
            "f64",
            "",
            "how likely what knows nothing of the mark agrees as well, in any window; missing where "
            "channels were realigned with the window itself; of a text that was there before the network",
        ),
        "undated": Column(
            "f64",
            "",
            "the same corrected for all texts that such a code can hold, as a claim must be whose text has no date; "
            "missing for others than codes",
        ),
        "decoded": Column("bool", "", "whether a QR reader reads the owner's text there"),
    },
)
