"""One recording: a loader held against the study's test set, the network shown the images, the files written."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from analysis.corruptions import check_name, check_severity
from analysis.corruptions.conditions import CLEAN, Condition, as_conditions, in_order
from analysis.engine import replay
from analysis.engine.base import measures
from analysis.engine.evaluation import Source
from analysis.engine.images import TestImages
from analysis.engine.journal import Journal
from analysis.engine.layer_pass import used
from analysis.engine.layer_replay import look_into
from analysis.engine.measure import RunReport, measure_jobs
from analysis.engine.networks import AnyNetwork, Network, Normalisation
from analysis.engine.plan import Plan, Wanted
from analysis.engine.replay import FEATURES, LOGITS, OF_LAYERS
from analysis.engine.sending import Where
from analysis.engine.settings import settings
from analysis.recording.inputs import Form, TestSet, as_given, batches, from_levels, recognised
from analysis.recording.outside import PLAIN, Classifier, Outside, bytes_of, joined, kept_weights, outputs, placed
from analysis.results.store import Results
from pruning import __version__
from pruning.data import Dataset
from pruning.data.base import used_rows
from pruning.errors import UserError
from pruning.progress import Progress, share
from pruning.recipe import Recipe
from pruning.study.folder import SUFFIX, TICKETS, Study
from pruning.ticket import Ticket, TicketInfo
from pruning.training.precision import on_threads, pick_device, pick_threads
from pruning.training.recording import Recording

Conditions = Sequence[Condition] | Mapping[Condition, Any]
OUTPUTS = (LOGITS, FEATURES)
Made = tuple[Tensor, Tensor]
"""Logits [N, K] and features [N, D]."""


@dataclass(frozen=True)
class Seen:
    """A network that was held against a loader, and what it made of images of no known form; else None."""

    network: Network
    made: Made | None


@dataclass
class Session:
    """One recording of a network.

    Attributes:
        study, data, images: whose test images. model, classifier, transform: as for `record`.
        tried: normalisations that the loader's images may have.
        layers: whether inner layers are looked into.
        problems: takes sentences on what was left out. wrote: the files so far. accuracy: on the clean images.
    """

    study: Study
    data: Dataset
    images: TestImages
    model: AnyNetwork
    tried: Sequence[Normalisation]
    classifier: Classifier | None = None
    transform: Callable[[Tensor], Any] | None = None
    layers: bool = True
    problems: list[str] = field(default_factory=list)
    wrote: list[Path] = field(default_factory=list)
    accuracy: float = 0.0

    def look(self, loader: Any, name: str, own: bool = True) -> Seen:
        """Hold a loader against the test set, batch by batch; images of no known form are shown as they come.

        Args:
            loader: what gives images and labels.
            name: what to call it.
            own: whether its images are the study's, else only their labels.
        """
        test, start, known = TestSet(self.data.test.images, self.data.test.labels), 0, False
        network: Network | None = None
        made: list[Made] = []
        for given, labels in batches(loader, name):
            test.check_labels(name, start, labels)
            there = test.images[start : start + len(labels)]
            form = recognised(given, there, self.tried, start) if own else None
            if network is None:
                network, known = self._placed(given, form), form is not None
            if known != (form is not None):
                raise UserError(f"`{name}` changes the form of its images from batch to batch.")
            if not known:
                made.append(self._run(network, given))
            start += len(labels)
        test.check_count(name, start)
        assert network is not None  # as the test set has images
        if known:
            return Seen(network, None)
        rows = used_rows(start, settings(self.study).samples)
        logits, features = joined(made, CLEAN)
        return Seen(network, (logits[rows], features[rows]))

    @cached_property
    def rows(self) -> Tensor:
        """Which images inner layers are shown."""
        return used(settings(self.study), len(self.images))

    def record(self, clean: Seen, conditions: Conditions | None, ticket_id: str, progress: Progress) -> Recording:
        """Keep what the network makes of the images under every condition."""
        given = conditions if isinstance(conditions, Mapping) else {}
        todo = self._wanted(clean, conditions)
        found: dict[str, str] = {}
        layers: dict[str, str] = {}
        for number, condition in enumerate(todo):
            told = share(progress, 0.9 * number / len(todo), 0.9 / len(todo))
            if condition in given:
                made = self.look(given[condition], f"conditions[{condition}]", own=False).made
            else:
                made = clean.made or self._shown(clean.network, condition, told)
            if condition == CLEAN and made is not None:
                self.accuracy = float((made[0].argmax(dim=1) == self.images.labels).double().mean())
            if made is not None:
                written = replay.written_under(condition)
                found[written] = self._keep(ticket_id, written, dict(zip(OUTPUTS, made, strict=True)))
                if self.layers and clean.made is None and condition not in given and self._looks_into(condition):
                    seen = look_into(clean.network, self.images, self.rows, condition, self._within(clean))
                    layers |= {written: self._keep(ticket_id, OF_LAYERS + written, seen)} if seen else {}
        return Recording(
            images=self.images.digest,
            outputs=found,
            layers=layers,
            without=clean.network.without,
            macs=clean.network.macs,
            weights=kept_weights(self.model),
            bytes=bytes_of(self.model),
        )

    def _keep(self, ticket_id: str, written: str, tensors: dict[str, Tensor]) -> str:
        digest, path = replay.keep(self.study.path, ticket_id, written, tensors)
        self.wrote += [path] if path is not None else []
        return digest

    def _within(self, clean: Seen) -> str:
        """What names of layers begin with that are not those of the user's module."""
        return "model." if isinstance(clean.network.module, Outside) else ""

    def _looks_into(self, condition: Condition) -> bool:
        """Whether the study asks for inner layers under a condition."""
        asking = [each for each in measures().values() if "inner layers" in each.needs and each.by_condition]
        return any(each.conditions(condition) and each.asked(settings(self.study), condition) for each in asking)

    def write(self, recipe: Recipe, clean: Seen, recording: Recording) -> Ticket:
        """Write the ticket's file, the last of all, and remove what it no longer names.

        Raises:
            WriteError: the disk will not take it.
        """
        network = clean.network
        info = TicketInfo(
            shape=self.data.shape,
            classes=list(self.data.classes),
            mean=list(self.data.mean),
            std=list(self.data.std),
            accuracy=self.accuracy,
            device=str(network.device),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
            versions={"torch": torch.__version__, "python": platform.python_version()},
            recording=recording,
        )
        named = json.dumps([recording.outputs, recording.layers] if recording.layers else recording.outputs)
        listed = torch.frombuffer(bytearray(named.encode()), dtype=torch.uint8)
        state = {replay.WEIGHT: network.weight.float().cpu(), replay.BIAS: network.bias.float().cpu()}
        ticket = Ticket(recipe, {}, {**state, replay.OUTPUTS: listed}, info)
        ticket.save(self.study.path / TICKETS / f"{ticket.id}{SUFFIX}")
        self.wrote.clear()
        replay.keep_only(self.study.path, ticket.id, recording)
        return ticket

    @contextmanager
    def taken_back(self) -> Iterator[None]:
        """Remove what was written inside when that fails."""
        try:
            yield
        except BaseException:
            for path in self.wrote:
                path.unlink(missing_ok=True)
            raise

    def measure(self, ticket: Ticket, root: str | Path | None, progress: Progress) -> None:
        """Make the tables that a recorded ticket has, as a run over the study would."""
        results, journal = Results(self.study.path), Journal(self.study.path)
        source = Source(self.study, (), Path(root).resolve() if root is not None else None, threads=0)
        entries = self.study.entries()
        [entry] = [each for each in entries if each.id == ticket.id]
        with journal.alone():
            results.remove(entry.id)
            wanted = Wanted(self.study, settings(self.study), entries, self.images)
            report = RunReport(1)
            jobs = [job for job in Plan.of(wanted, results).jobs() if job.entry.id == entry.id]
            measure_jobs(source, wanted, self.images, jobs, report, progress, Where(jobs=1))
        self.problems += report.problems

    def _placed(self, given: Any, form: Form | None) -> Network:
        """The network, ready for images like those of a batch."""
        if form is None and self.transform is not None:
            raise UserError("With `transform` the loader's images must be the study's own, as bytes or in [0, 1].")
        if not hasattr(given, "shape"):
            raise UserError(f"The loader's images are {type(given).__name__}; give torch tensors or numpy arrays.")
        shape = self.data.shape
        if form is None:
            form, shape = Form(as_given(given), PLAIN), tuple(given.shape[1:])
        elif self.transform is not None:
            form = Form(from_levels(self.transform), None)
        elif form.normalisation is None:
            form = Form(from_levels(form.of), None)
        return placed(self.model, form, shape, self.data.num_classes, self.classifier, pick_device())

    def _run(self, network: Network, given: Any) -> Made:
        with torch.inference_mode(), on_threads(pick_threads(network.macs)):
            features, logits = network.run(torch.as_tensor(given).to(network.device))
        return logits.float().cpu(), features.float().cpu()

    def _wanted(self, clean: Seen, conditions: Conditions | None) -> list[Condition]:
        """The conditions to record, the clean images first."""
        if conditions is None:
            wanted = settings(self.study).conditions(self.images.given) if clean.made is None else ()
            if clean.made is not None:
                self.problems.append(
                    "The loader's images are not the study's as bytes, in [0, 1] or normalised, so that they cannot be "
                    "corrupted here: it is recorded on clean images alone."
                )
        else:
            wanted = tuple(as_conditions(conditions))
            for condition in wanted:
                self._check(condition, clean, conditions)
        return in_order([CLEAN, *wanted])

    def _check(self, condition: Condition, clean: Seen, conditions: Conditions) -> None:
        name, severity = condition
        if isinstance(conditions, Mapping) or condition == CLEAN or condition in self.images.given:
            return
        if clean.made is not None:
            raise UserError(
                "The loader's images are not the study's as bytes, in [0, 1] or normalised, so that they cannot be "
                f"corrupted: give those of {name} {severity} by a loader of their own, or `transform`."
            )
        check_name(name)
        check_severity(severity, name)

    def _shown(self, network: Network, condition: Condition, progress: Progress) -> Made | None:
        """What it makes of images that are made here; None where they cannot be."""
        attacked = self.images.attacks(condition)
        if attacked and isinstance(network.module, Outside):
            self._leave_out(condition, "attacks need a torch module that takes float images [N, C, H, W]")
            return None
        try:
            with on_threads(pick_threads(network.macs)):
                return outputs(network, self.images, condition, progress)
        except UserError as error:
            if not attacked:
                raise
            self._leave_out(condition, str(error).rstrip("."))
            return None

    def _leave_out(self, condition: Condition, why: str) -> None:
        self.problems.append(f"It is not recorded under {replay.written_under(condition)}: {why}.")
