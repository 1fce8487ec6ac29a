"""Brings a network that was trained elsewhere into a study: from a checkpoint to a ticket."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from pruning.checkpoints import Checkpoint, read
from pruning.checkpoints.imported_weights import Imported, Start
from pruning.data import Dataset, checked_normalisation, data_remark, load_data, weights_shown_for
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step
from pruning.models import NoClassifier, build_model, find_classifier
from pruning.models.classifier import LEFT_OUT
from pruning.models.outputs import output_words
from pruning.models.unpruned import coverage, in_words
from pruning.progress import Progress, quiet, share
from pruning.recipe import Recipe
from pruning.recognition import Match, Normalisation, choose_normalisation, recognise, refuse_negative_variances
from pruning.recognition import report as match_report
from pruning.study.folder import SUFFIX, TICKETS, TOML, Study, new_home
from pruning.study.imported_masks import (
    MaskedWeights,
    kept_zeros,
    refuse_without_masks,
    the_right_way,
    with_mask_file,
    with_own_masks,
)
from pruning.study.renaming import renaming
from pruning.study.template_imported import imported_study
from pruning.tasks import Task, get_task
from pruning.ticket import Ticket
from pruning.training.precision import pick_device


@dataclass(frozen=True)
class ImportOptions:
    """What the user says beside the checkpoint and the data; what is left out is found out.

    model: the architecture's name, or ``path/to/file.py:factory``. classifier: the layer whose output is the logits, or
    "none". name: what the network is called. masks: a file with masks apart from the weights. zeros_are_pruned: take
    weights that are exactly zero as pruned. mean, std: the normalisation of the input, a value a channel. into: an
    existing study that the network is to be added to as a ticket. root, download: as for `pruning.data.load_data`.
    task: what the network was trained for. keep: where the masks are scores, the fraction of each weight that is kept.
    inverted_masks: 1 means pruned in the masks. key, prefix: where in the file the network's tensors are.
    """

    model: str | None = None
    name: str | None = None
    masks: Path | None = None
    zeros_are_pruned: bool = False
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    into: Path | None = None
    root: Path | None = None
    download: bool = False
    classifier: str | None = None
    task: str | None = None
    keep: float | None = None
    inverted_masks: bool = False
    key: str | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class ImportResult:
    """What an import did: the study, the ticket that the network became, and sentences on what was done and found."""

    folder: Path
    ticket: Ticket
    report: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        """On the test images, 0 to 1; of another task than classification its score."""
        return self.ticket.info.accuracy

    @property
    def model(self) -> str:
        """The network that was recognised."""
        return self.ticket.recipe.model


def import_network(
    path: str | Path, data: str, options: ImportOptions | None = None, progress: Progress = quiet
) -> ImportResult:
    """Read a checkpoint, find out which network it is, and make a study of it (or add it to one).

    A checkpoint with a mask file makes two tickets: the network as it is, which is the study's dense one, and the
    masked one beside it. Nothing in the file is executed.

    Args:
        path: the checkpoint; see `pruning.checkpoints.read` for the formats.
        data: the data set it is for; with `into`, "" takes the study's own.
        options: what else the user says.
        progress: told the fraction done and what is being done.

    Raises:
        UserError: whatever is wrong with the file, the masks, the network or the data, in one sentence; nothing is
            written then.
    """
    options = options or ImportOptions()
    study = Study.open(options.into) if options.into else None
    data, folder = _place(path, data, study, options)
    progress(0.0, "reading the checkpoint")
    checkpoint = read(path, options.keep, options.key, options.prefix)
    if not checkpoint.masks and options.masks is None:
        refuse_without_masks({"--keep": options.keep is not None, "--inverted-masks": options.inverted_masks})
    progress(0.1, "reading the data")
    if study is not None:
        options = replace(options, task=study.config.task)
    read_data = load_data(data, options.root, options.download, share(progress, 0.1, 0.2))
    dataset = get_task(options.task).dataset(read_data)
    progress(0.3, "recognising the network")
    known = _recognised(checkpoint, dataset, options, study)
    progress(0.6, "trying it on the test images")
    name = options.name or Path(path).stem
    made: list[tuple[Imported, Ticket]] = []
    if study is None:
        made.append((known.plain, known.ticket(known.plain, data, dataset, "dense", "dense")))
    if study is not None or known.masked is not None:
        network = known.masked or known.plain
        made.append((network, known.ticket(network, data, dataset, "imported", name)))
    progress(0.9, "writing the study")
    renamed: list[str] = []
    for network, ticket in made:
        file = folder / TICKETS / f"{ticket.id}{SUFFIX}"
        renamed += renaming(file, ticket)
        network.save(folder)
        ticket.save(file)
    if study is None:
        _write_toml(folder, Path(path), made[0][1], dataset, name)
    progress(1.0, "imported")
    tickets = [ticket for _, ticket in made]
    report = [*_report(checkpoint, known, tickets, dataset, folder), *renamed]
    return ImportResult(folder, tickets[0], tuple(report))


@dataclass(frozen=True)
class _Known:
    """A checkpoint that was recognised.

    Its network as it is, the network under the mask file's masks if there is one, the normalisation it expects, what
    the user calls its classifier, and sentences on its output.
    """

    match: Match
    plain: Imported
    masked: Imported | None
    norm: Normalisation
    classifier: str | None
    task: str | None
    said: tuple[str, ...]

    def build(self, dataset: Dataset) -> nn.Module:
        """A network of its kind, with other weights."""
        return _build(self.match, dataset, self.task, self.classifier)

    def ticket(self, imported: Imported, data: str, dataset: Dataset, finder: str, name: str) -> Ticket:
        """The ticket that the weights are, tried on the test images."""
        network = self.build(dataset)
        start = Start(
            weights=imported.digest,
            mean=tuple(self.norm.mean),
            std=tuple(self.norm.std),
            sparsity=imported.sparsity(network),
        )
        said = {"model": self.match.model, "data": data, "classifier": self.classifier, "task": self.task}
        recipe = Recipe(**said, finder=finder, start=start, name=name)
        return find_step(recipe, {}, Trainer(dataset, pick_device(), imports=imported))


def _recognised(checkpoint: Checkpoint, dataset: Dataset, options: ImportOptions, study: Study | None) -> _Known:
    """Which network the checkpoint is of, with its masks in our names, and its normalisation."""
    asked, task = options.model or (study.config.model if study else None), get_task(options.task)
    if asked is None and not task.classifies_images:
        raise UserError(f"Networks for the task '{task.name}' are not recognised by their shapes; name it by --model.")
    match = recognise(checkpoint.state, dataset.num_classes, dataset.shape, asked)
    refuse_negative_variances(match, checkpoint.state)
    if study is not None and match.model != study.config.model:
        raise UserError(
            f"The checkpoint is a {match.model}, and the study {study.path} is on {study.config.model}; import it into "
            "a study of its own."
        )
    named = study.config.classifier if study else options.classifier
    model = _build(match, dataset, options.task, named)

    def tried(weights: Imported) -> Normalisation:
        weights.fill(model)
        if not task.classifies_images:
            return _of_task(task, dataset, _given(options, dataset))
        return choose_normalisation(
            model, dataset, _expected(options, dataset), checkpoint.state, _of_study(study, dataset)
        )

    own = with_own_masks(checkpoint, match, model, options.zeros_are_pruned)
    own, norm, said = the_right_way(own, options.inverted_masks and options.masks is None, tried)
    output = _output(model) if task.classifies_images else ()
    masked = None
    notes = [*own.notes, *said]
    if options.masks is not None:
        apart = with_mask_file(own, checkpoint, match, model, options.masks, options.keep)
        apart, said = _apart_the_right_way(apart, options, model, dataset, norm, task)
        masked = apart.network
        notes += [*apart.notes, *said]
    notes += kept_zeros(masked or own.network, model)
    return _Known(match, own.network, masked, norm, named, options.task, (*notes, *output))


def _apart_the_right_way(
    masked: MaskedWeights, options: ImportOptions, model: nn.Module, dataset: Dataset, norm: Normalisation, task: Task
) -> tuple[MaskedWeights, tuple[str, ...]]:
    """The masks of a file as they are or the other way round, under the normalisation of the network without them."""

    def tried(weights: Imported) -> Normalisation:
        weights.fill(model)
        return choose_normalisation(model, dataset, (norm.mean, norm.std)) if task.classifies_images else norm

    masked, _, said = the_right_way(masked, options.inverted_masks, tried)
    return masked, said


def _build(match: Match, dataset: Dataset, task: str | None, classifier: str | None = None) -> nn.Module:
    gives_logits = get_task(task).classifies_images
    return build_model(match.model, dataset.num_classes, dataset.shape, 0, classifier, gives_logits)


def _of_study(study: Study | None, dataset: Dataset) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """The normalisation of the study that the network is added to: of its imported weights, else of its data."""
    if study is None:
        return None
    start = study.config.start
    return (start.mean, start.std) if start else (dataset.mean, dataset.std)


def _of_task(task: Task, dataset: Dataset, given: tuple[tuple[float, ...], tuple[float, ...]] | None) -> Normalisation:
    """The normalisation of a network that does not classify, which cannot be tried out."""
    mean, std = given or (dataset.mean, dataset.std)
    said = "as given" if given else f"as the task '{task.name}' has it"
    sentence = f"Its input is normalised {said}: mean {list(mean)}, deviation {list(std)}."
    return Normalisation("given" if given else task.name, mean, std, {}, {}, False, sentence)


def _output(model: nn.Module) -> tuple[str, ...]:
    """Sentences on what the network gives, and on its classifier.

    Raises:
        UserError: what the user calls its classifier is none.
    """
    try:
        classifier = find_classifier(model).words
    except NoClassifier as error:
        classifier = f"{error} As it is, {LEFT_OUT}."
    return tuple(filter(None, (output_words(model), classifier)))


def _place(path: str | Path, data: str, study: Study | None, options: ImportOptions) -> tuple[str, Path]:
    """The data's name and the study's folder."""
    if study is not None:
        if data and data != study.config.data:
            raise UserError(
                f"The study {study.path} is on the data '{study.config.data}', not '{data}'; leave the data out, or "
                "import into a study of its own."
            )
        return study.config.data, study.path
    if not data:
        raise UserError("Say which images the network is for, such as --data cifar10 or --data folder:PATH.")
    folder = new_home(_name(path, options))
    if (folder / TOML).exists():
        raise UserError(f"There is a study {folder} already; give this one another --name, or remove that folder.")
    return data, folder


def _name(path: str | Path, options: ImportOptions) -> str:
    return options.name or Path(path).stem


def _given(options: ImportOptions, dataset: Dataset) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """The normalisation that the user fixes."""
    if (options.mean is None) != (options.std is None):
        raise UserError("Give --mean and --std together, or neither.")
    if options.mean is not None and options.std is not None:
        return checked_normalisation((options.mean, options.std), dataset.shape[0])
    return None


def _expected(options: ImportOptions, dataset: Dataset) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """The normalisation that the user fixes, or that of the weights which the data set's name says."""
    return _given(options, dataset) or ((dataset.mean, dataset.std) if weights_shown_for(dataset.name) else None)


def _write_toml(folder: Path, checkpoint: Path, ticket: Ticket, dataset: Dataset, name: str) -> None:
    recipe, sizes = ticket.recipe, (len(dataset.train.labels), len(dataset.test.labels))
    text = imported_study(str(folder / TOML), name, checkpoint.name, recipe, *sizes)
    write_atomically(folder / TOML, text)


def _report(
    checkpoint: Checkpoint, known: _Known, tickets: Sequence[Ticket], dataset: Dataset, folder: Path
) -> list[str]:
    """What was done and found, sentence by sentence."""
    lines = [f"Read {checkpoint.path}.", *checkpoint.notes, *match_report(known.match), *known.said]
    said_of_data = data_remark(tickets[0].recipe.data)
    lines += filter(None, (said_of_data, known.norm.sentence))
    lines += [_scored(ticket, len(dataset.test.labels)) for ticket in tickets]
    return [*lines, *in_words(coverage(tickets[0].model(), dataset.shape)), f"Wrote {folder}."]


def _scored(ticket: Ticket, tested: int) -> str:
    """How well a ticket does on so many test images, and how sparse it is."""
    task, score = get_task(ticket.recipe.task), ticket.info.accuracy
    said = f"{task.score.name} {score:.4g}"
    if task.classifies_images:
        said = f"{100 * score:.2f} % of the {tested:,} test images are right ({round(score * tested):,})"
    return f"{ticket.recipe.label}: {said}; {ticket.kept:,} of {ticket.total:,} prunable weights are kept."
