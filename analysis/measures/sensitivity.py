"""How much each layer minds being pruned alone, at eight sparsities, clean and corrupted (Li et al. 2017, 1608.08710).

The dense network is pruned in one layer and shown the images as it is then, not trained again. Where whole channels go,
coupled layers are one; single weights may go in any layer alone.
Every image's outcome is kept, so that differences are tested in pairs. Of a batch, what lies before the layer is run
once (`engine.rerun`); so a scan costs about half of 8 passes for each layer, condition and criterion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from pydantic import BaseModel, Field, field_validator, model_validator
from torch import Tensor

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.base import Column, Context, Measure, Shown
from analysis.engine.layer_cuts import LayerCut, layer_cuts
from analysis.engine.networks import Network
from analysis.engine.rerun import Rerun
from analysis.engine.settings import AnalysisConfig
from analysis.measures.maps import positions
from analysis.measures.representations import nearest_severity, of_images
from analysis.results.offsets import pack_bits
from pruning.criteria import CRITERIA
from pruning.data import normalise
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.granularity import get_granularity
from pruning.models.counting import multiply_adds
from pruning.models.unpruned import coverage
from pruning.training.precision import as_input, autocast

TOGETHER = " + "
"""Between the names of coupled layers."""


class SensitivityOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        sensitivity: names of criteria by which single layers of the dense network are pruned; none by default.
        sensitivity_corruptions: corruptions under which that is looked at, beside the clean images, of those that are
            measured, at the severity nearest to `layer_severity`.
        sensitivity_structure: what goes as one piece: "weight" or "filter".
        sensitivity_samples: at most so many of the test images are used, evenly spaced.
    """

    sensitivity: list[str] = []
    sensitivity_corruptions: list[str] = ["gaussian_noise", "defocus_blur", "fog"]
    sensitivity_structure: Literal["weight", "filter"] = "weight"
    sensitivity_samples: Annotated[int, Field(ge=10)] = 1000

    @field_validator("sensitivity", "sensitivity_corruptions", mode="before")
    @classmethod
    def _sensitivity_listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _sensitivity_known(self) -> SensitivityOptions:
        for name in self.sensitivity:
            wanted = CRITERIA.get_known(name).structure
            if wanted not in (None, self.sensitivity_structure):
                raise UserError(
                    f"`sensitivity` prunes '{self.sensitivity_structure}'s, and criterion '{name}' scores only what "
                    f"structure '{wanted}' removes; take another one."
                )
        return self


def options_of(settings: AnalysisConfig) -> SensitivityOptions:
    """The settings of the scan among a study's."""
    assert isinstance(settings, SensitivityOptions)
    return settings


def asked(settings: AnalysisConfig, condition: Condition) -> bool:
    """Whether the scan is to look at a condition."""
    named = condition == CLEAN or condition[0] in options_of(settings).sensitivity_corruptions
    return named and nearest_severity(settings, condition)


class Scan:
    """The rows of one condition."""

    def __init__(self, context: Context) -> None:
        assert context.network is not None
        self.context, self.network, self.options = context, context.network, options_of(context.settings)
        self.rows_used = torch.from_numpy(positions(len(context.images), self.options.sensitivity_samples)).long()
        self.kinds = sorted({part.split(" ")[-1] for part in context.parts})
        self.cuts: dict[str, list[LayerCut]] = {}
        self.network_again: Rerun | None = None
        self.outcomes: dict[tuple[str, int], _Outcome] = {}

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        part = torch.isin(shown.index, self.rows_used).to(shown.images.device)
        images, labels = shown.images[part], shown.labels[part]
        if not len(images):
            return
        if not self.cuts:
            self.cuts = {kind: _cuts(self.context, kind) for kind in self.kinds}
        network = self.network
        x = as_input(normalise(images, network.mean, network.std), network.device, network.macs)
        with autocast(network.precision, network.device):
            again = self.network_again = self.network_again or Rerun(network.module, x)
            for inputs, own in zip(x.split(again.chunk), labels.split(again.chunk), strict=True):
                self._note("", 0, again.show(inputs), own)
                for kind, cuts in self.cuts.items():
                    for place, cut in enumerate(cuts):
                        if not cut.why:
                            self._note(kind, place, again.again(cut.masks), own)

    def rows(self) -> pd.DataFrame:
        """Return a row for the whole network, one a group and sparsity, and one for what cannot be pruned."""
        ticket, (_, *shape) = self.context.ticket, self.context.images.images.shape
        model, size = ticket.model(), (shape[0], shape[1], shape[2])
        macs, weights = multiply_adds(model, size), dict(model.named_parameters())
        found = []
        for kind, cuts in self.cuts.items():
            found.append({"kind": kind, **_facts((), weights, macs), **self.outcomes["", 0].row})
            for place, cut in enumerate(cuts):
                outcome = self.outcomes.get((kind, place), _Outcome())
                facts = _facts(cut.names, weights, macs)
                found.append({"kind": kind, **facts, **_cut(cut), **outcome.row})
            for left in coverage(model, size).left_out:
                facts = _facts((left.name,), weights, macs)
                found.append({"kind": kind, **facts, **_Outcome().row, "removed": np.nan, "why": f"{left.why}."})
        corruption, severity = self.context.condition
        return pd.DataFrame(found).assign(corruption=corruption, severity=severity)

    def _note(self, kind: str, place: int, logits: Tensor, labels: Tensor) -> None:
        self.outcomes.setdefault((kind, place), _Outcome()).update(logits, labels)


class _Outcome:
    """What a network made of the images so far."""

    def __init__(self) -> None:
        self.right: list[Tensor] = []
        self.loss = 0.0

    def update(self, logits: Tensor, labels: Tensor) -> None:
        self.right.append((logits.argmax(1) == labels).cpu())
        self.loss += float(F.cross_entropy(logits.double(), labels, reduction="sum"))

    @property
    def row(self) -> dict[str, object]:
        right = torch.cat(self.right).numpy() if self.right else np.zeros(0, dtype=bool)
        return {
            "n": len(right),
            "correct": int(right.sum()),
            "loss": self.loss / len(right) if len(right) else np.nan,
            "right": pack_bits(right),
        }


def _facts(names: Sequence[str], weights: Mapping[str, Tensor], macs: Mapping[str, float]) -> dict[str, object]:
    """A group's name and size; no names: the whole network."""
    return {
        "layers": TOGETHER.join(name.removesuffix(".weight") for name in names),
        "weights": sum(weights[name].numel() for name in names),
        "macs": float(sum(macs.get(name, 0) for name in names)),
        "sparsity": 0.0,
        "removed": 0.0,
        "why": "",
    }


def _cut(cut: LayerCut) -> dict[str, object]:
    return {"sparsity": cut.sparsity, "removed": cut.removed, "why": cut.why}


def _cuts(context: Context, criterion: str) -> list[LayerCut]:
    """A ticket's cuts, made once for all conditions that a process looks at."""
    ticket, data = context.ticket, context.images.data
    assert data is not None
    key = ("layer cuts", criterion)
    kept = context.process.get(key)
    if not isinstance(kept, tuple) or kept[0] != ticket.id:
        structure = options_of(context.settings).sensitivity_structure
        with torch.inference_mode(False), torch.enable_grad():
            kept = ticket.id, layer_cuts(ticket, criterion, structure, Trainer(data, _device(context)))
        context.process[key] = kept
    cuts: list[LayerCut] = kept[1]
    return cuts


def _device(context: Context) -> torch.device:
    network: Network | None = context.network
    assert network is not None
    return network.device


def _matters(settings: AnalysisConfig, images: int) -> dict[str, object]:
    options = options_of(settings)
    structure, images = options.sensitivity_structure, min(images, options.sensitivity_samples)
    revision = get_granularity(structure).revision
    # what single weights cost was measured before there were revisions
    mended = {"structure revision": revision} if revision > 1 else {}
    return {"structure": structure, "images": images, **mended}


MEASURE = Measure(
    name="sensitivity",
    meaning="how much each layer of the dense network minds being pruned alone",
    of="layer",
    needs=frozenset({"weights", "training images", "logits"}),
    start=Scan,
    conditions=of_images,
    asked=asked,
    parts=lambda settings, images: options_of(settings).sensitivity,
    recipes=lambda recipe: recipe.is_dense,
    mendings=lambda recipe: int(recipe.start is not None),  # scored on images normalised as these networks expect
    options=SensitivityOptions,
    matters=_matters,
    columns={
        "corruption": Column("str", "", "name of the corruption"),
        "severity": Column("i8", "", "1 (mild) to 5; 0 for the clean images"),
        "kind": Column("str", "", "name of the criterion that says which weights go"),
        "layers": Column("str", "", 'the layer that is pruned, or coupled ones with " + " between; "" for none'),
        "weights": Column("i64", "weights", "weights of these layers"),
        "macs": Column("f64", "", "multiply-adds with these weights for one image"),
        "sparsity": Column("f64", "", "fraction of these weights that is to go; 0 for a parameter that cannot"),
        "removed": Column("f64", "", "fraction that goes, less where whole pieces go; missing where none can"),
        "n": Column("i32", "images", "test images shown, evenly spaced; 0 where nothing can go"),
        "correct": Column("i32", "images", "of these classified right"),
        "loss": Column("f64", "nats", "mean cross-entropy on them; missing where nothing can go"),
        "right": Column("blob", "", "which are classified right, a bit each, the first is the highest"),
        "why": Column("str", "", "why nothing can go, a sentence; empty where something does"),
    },
)
