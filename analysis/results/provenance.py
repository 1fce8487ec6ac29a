"""What made a part of a ticket's results, in a form that can be read, compared, and put into a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

UNKNOWN = "?"
"""The digest of images that are not at hand, which is compared with nothing."""

FOLDER = "folder "
"""How a source begins that is a folder of images; its digest follows."""


@dataclass(frozen=True)
class Provenance:
    """Everything that decides the numbers of one part, and what decides their last digits.

    Attributes:
        measure: version of the measure.
        ticket: digest of the ticket's masks and weights.
        images: digest of the test images that were shown and their labels; "" where none are.
        corruption: version of the corruption; 0 where there is none.
        source: where images come from that no name says: digest of the array or the photographs that they are corrupted
            by, or of the folder.
        partner: digest of the other ticket's masks and weights, for a pair.
        settings: those that matter, as canonical JSON; "" where none do.
        precision: of the forward passes, "float32" or "bfloat16"; "" where there are none, or it was not noted.
        machine: threads and device of the forward passes, as `hardware` says it; "" likewise. It is for the record:
            others round otherwise, which makes no result stale.
        training: digest of the training images that were used and their labels; "" where none are, or it was not noted.
        code: digest of the user's files that network and task are of; "" where there are none, or it was not noted.
    """

    measure: int
    ticket: str
    images: str = ""
    corruption: int = 0
    source: str = ""
    partner: str = ""
    settings: str = ""
    precision: str = ""
    machine: str = ""
    training: str = ""
    code: str = ""

    def differences(self, now: Provenance) -> list[str]:
        """What has changed since, in words; [] when nothing has."""
        found = []
        if self.measure != now.measure:
            found.append(f"the measure was mended since (version {self.measure}, now {now.measure})")
        if self.source != now.source and (self.source or now.source).startswith(FOLDER):
            found.append("the images of the folder are others")
        elif self.source != now.source:
            found.append("the corrupted images come from elsewhere, or are others")
        elif self.corruption != now.corruption:
            found.append(f"the corruption was mended since (version {self.corruption}, now {now.corruption})")
        if self.images != now.images:
            found.append("other test images")
        if self.training != now.training:
            found.append("other training images")
        if self.ticket != now.ticket:
            found.append("the ticket was found again")
        if self.partner != now.partner:
            found.append("the ticket that it is held against was found again")
        if self.settings != now.settings:
            found.append(f"other settings ({_changed(self.settings, now.settings)})")
        if self.code != now.code:
            found.append("the network's code is another")
        if self.precision != now.precision:
            found.append(f"measured in {self.precision}, and {now.precision} is asked for")
        return found


def blinded(now: Provenance, made: Provenance) -> Provenance:
    """What would make a part now, with what is not known of it, or of what made it, as if it were the same."""
    fields = ("images", "source", "settings", "code")
    unknown: dict[str, Any] = {
        name: getattr(made, name) for name in fields if UNKNOWN in (getattr(now, name), getattr(made, name))
    }
    if "source" in unknown and made.source.startswith("array"):
        unknown["corruption"] = made.corruption
    for name in ("precision", "training", "code"):  # either will do, or it was not noted
        if not (getattr(now, name) and getattr(made, name)):
            unknown[name] = getattr(made, name)
    return replace(now, **unknown) if unknown else now


Made = Mapping[str, Provenance]
"""Part -> what made it."""


def canonical(settings: Mapping[str, object]) -> str:
    """Settings as text that is equal when they are; "" for none."""
    return json.dumps(settings, sort_keys=True, separators=(",", ":")) if settings else ""


def to_text(made: Made) -> str:
    """As JSON: a group for all parts that were made by the same. The largest stands for what is in no other group."""
    groups: dict[Provenance, list[str]] = {}
    for part, provenance in made.items():
        groups.setdefault(provenance, []).append(part)
    ordered = sorted(groups.items(), key=lambda group: (len(group[1]), sorted(group[1])))
    found: list[dict[str, Any]] = []
    for provenance, parts in ordered:
        plain = {key: value for key, value in asdict(provenance).items() if value}
        found.append({**plain, "parts": sorted(parts)})
    if found:
        del found[-1]["parts"]
    return json.dumps(found, separators=(",", ":"))


def from_text(text: str, parts: Iterable[str]) -> dict[str, Provenance]:
    """The parts of a file by what made them; {} when the text is not `to_text`'s."""
    known = {field.name for field in fields(Provenance)}
    found: dict[str, Provenance] = {}
    rest = set(parts)
    try:
        for group in json.loads(text):
            provenance = Provenance(**{key: value for key, value in group.items() if key in known})
            own = rest & set(group["parts"]) if "parts" in group else rest
            found |= dict.fromkeys(own, provenance)
            rest -= own
    except (ValueError, TypeError, AttributeError):
        return {}
    return found


def _changed(before: str, now: str) -> str:
    old, new = (json.loads(text) if text else {} for text in (before, now))
    return ", ".join(
        f"{key} {new.get(key)}, was {old.get(key)}" for key in sorted(old | new) if old.get(key) != new.get(key)
    )
