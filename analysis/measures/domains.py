"""How accurate a network is on the same classes in other pictures: photos, paintings, sketches, as PACS has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, Field, field_validator

from analysis.engine.base import Column, Context, Measure
from analysis.engine.networks import Network
from analysis.engine.settings import AnalysisConfig
from analysis.measures import transferred
from analysis.results.offsets import pack_bits
from analysis.results.provenance import FOLDER, UNKNOWN
from analysis.transfer import domains
from analysis.transfer.domains import Domain
from pruning.data import source_of
from pruning.data.folder_files import PREFIX
from pruning.errors import UserError, few
from pruning.training.precision import pick_device


class DomainOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        domains: folders of images of the same classes in another domain, "folder:PATH" each; none by default.
        domain_images: at most so many images of each are used, evenly spaced.
    """

    domains: list[str] = []
    domain_images: Annotated[int, Field(ge=20)] = 2000

    @field_validator("domains", mode="before")
    @classmethod
    def _domains_listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("domains")
    @classmethod
    def _domains_are_folders(cls, names: list[str]) -> list[str]:
        for name in names:
            if not name.startswith(PREFIX):
                raise ValueError(f"`domains` takes folders of images, as folder:PATH, not '{name}'")
            source_of(name)
        return list(dict.fromkeys(names))


def options_of(settings: AnalysisConfig) -> DomainOptions:
    """The settings of domains among a study's."""
    assert isinstance(settings, DomainOptions)
    return settings


def kinds(settings: AnalysisConfig, images: int | None = None) -> Sequence[str]:
    """The domains asked for, those of a folder of domains one by one."""
    found = (each for name in options_of(settings).domains for each in domains.domains_in(name))
    return list(dict.fromkeys(found))


def _source(name: str) -> str:
    try:
        found = domains.digest(name)
    except OSError:
        found = ""
    return FOLDER + found if found else UNKNOWN


def rows(context: Context) -> pd.DataFrame:
    """A row a domain. One that cannot be shown to the network is left out, with a sentence."""
    network = Network.of(context.ticket, pick_device(), "float32")
    found = []
    for place, name in enumerate(each for each in kinds(context.settings) if each in context.parts):
        context.progress(place / len(context.parts), name)
        try:
            domain = _domain(context, name)
            right = (network.logits(domain.images).argmax(dim=1) == domain.labels).numpy()
        except UserError as error:
            context.say(str(error))
            continue
        for sentence in _unmatched(name, domain):
            context.say(sentence)
        counted = len(domain.labels.unique())
        found.append(
            {"kind": name, "n": len(right), "classes": counted, "accuracy": float(right.mean())}
            | {"right": pack_bits(right)}
            | {"left_out": ", ".join(domain.left_out), "absent": ", ".join(domain.absent)}
        )
    return pd.DataFrame(found, columns=list(MEASURE.columns))


def _unmatched(name: str, domain: Domain) -> list[str]:
    said = []
    if domain.left_out:
        said.append(f"Of the domain {name} is left out, as these networks have no such class: {few(domain.left_out)}.")
    if domain.absent:
        said.append(
            f"The domain {name} has no images of some classes, which networks may still answer: {few(domain.absent)}."
        )
    return said


def _domain(context: Context, name: str) -> Domain:
    """Read once for all tickets that a process measures."""
    info, most = context.ticket.info, options_of(context.settings).domain_images
    key = "domain", name, tuple(info.shape), tuple(info.classes)
    if key not in context.process:
        context.process[key] = domains.read(name, info.classes, info.shape, most)
    found = context.process[key]
    assert isinstance(found, Domain)
    return found


def _matters(settings: AnalysisConfig, images: int) -> Mapping[str, object]:
    return {"images": options_of(settings).domain_images}


MEASURE = Measure(
    name="domains",
    meaning="accuracy on the same classes in other pictures, folders of the user's",
    of="ticket",
    needs=frozenset({"weights"}),
    tasks=transferred.TASKS,
    rows=rows,
    parts=kinds,
    source=_source,
    options=DomainOptions,
    matters=_matters,
    cost=lambda parts, images, macs: len(parts) * (0.05 + 2000 * macs / 2.7e10),
    columns={
        "kind": Column("str", "", "the folder of the domain"),
        "n": Column("i32", "images", "images shown, brought to the network's input size"),
        "classes": Column("i32", "", "classes of the network among them"),
        "accuracy": Column("f64", "", "share of them that are classified right, among all classes of the network"),
        "right": Column("blob", "", "which these are, a bit an image"),
        "left_out": Column("str", "", "folders that are no class of the network"),
        "absent": Column("str", "", "classes of the network that have no folder"),
    },
)
