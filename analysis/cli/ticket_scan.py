"""A sensitivity scan of one ticket's file, without a study: the rows that the measure `sensitivity` would give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from analysis.engine.base import Context, Shown
from analysis.engine.images import TestImages
from analysis.engine.networks import Network
from analysis.engine.settings import model
from analysis.measures.sensitivity import Scan, asked
from analysis.results.store import Results
from pruning.data import load_data
from pruning.errors import UserError
from pruning.progress import Progress, quiet
from pruning.study.folder import Entry
from pruning.tasks import get_task
from pruning.ticket import Ticket
from pruning.training.precision import on_threads, pick_device, settled

BATCH = 250


def scan(
    file: Path, criteria: Sequence[str], root: Path | None = None, threads: int = 0, progress: Progress = quiet
) -> tuple[Ticket, pd.DataFrame]:
    """The ticket, dense or pruned, and the rows of its scan, with `ticket_id`.

    Args:
        file: of the ticket.
        criteria: by name.
        root: folder of the data sets.
        threads: as for `on_threads`.
        progress: told how far it is.

    Raises:
        UserError: the ticket's weights, or the images it was trained on, are not here; it does not classify images; or
            a criterion cannot score it.
    """
    ticket = Ticket.load(file)
    if not get_task(ticket.recipe.task).classifies_images:
        raise UserError(f"{file} does not classify images, which a scan asks for; take another ticket.")
    data = load_data(ticket.recipe.data, root)
    images = TestImages(data.test.images, data.test.labels, data=data)
    settings = model().model_validate({"sensitivity": [*criteria]})
    conditions = [condition for condition in settings.conditions() if asked(settings, condition)]
    entry = Entry(file, ticket.recipe, ticket.info)
    kept: dict[object, object] = {}
    rows = []
    with on_threads(threads):
        network = Network.of(ticket, pick_device())
        for place, condition in enumerate(conditions):
            progress(place / len(conditions), f"{condition[0]} {condition[1]}" if condition[1] else condition[0])
            context = Context(entry, ticket, images, settings, Results(file.parent), condition, network,
                              parts=frozenset(criteria), process=kept)  # fmt: skip
            rows.append(_scanned(context, network, images))
    return ticket, pd.concat(rows, ignore_index=True).assign(ticket_id=ticket.id)


def _scanned(context: Context, network: Network, images: TestImages) -> pd.DataFrame:
    """The rows of one condition."""
    own, nothing = Scan(context), torch.zeros(0)
    with torch.inference_mode(), settled(network.macs):
        for index in own.rows_used.split(BATCH):
            shown = images.some(context.condition, index, network.device, network.macs)
            own.update(Shown(shown, images.labels[index].to(network.device), index, nothing, nothing))
    return own.rows()
