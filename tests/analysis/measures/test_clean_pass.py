"""The pass over the clean images that measures share: what the network itself makes of them, made once a process."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.engine.base import Context
from analysis.engine.evaluation import Laboratory, Source
from analysis.engine.networks import Network
from analysis.engine.plan import Job
from analysis.measures import clean_pass as passes
from analysis.measures.clean_pass import clean_pass
from pruning.data import normalise
from pruning.models import features_and_logits
from pruning.study.folder import Entry, Study


@pytest.fixture(scope="module")
def laboratory(tiny_study: Path) -> Laboratory:
    return Laboratory(Source(Study.open(tiny_study), (), None))


def context(place: Laboratory, entry: Entry) -> Context:
    ticket = place.study.load(entry.id)
    made = place.context(Job(entry), ticket, place.measures["lost"], {})
    made.network = Network.of(ticket, torch.device("cpu"))
    return made


def test_it_is_what_the_network_makes_of_them(laboratory: Laboratory) -> None:
    asked, rows = context(laboratory, laboratory.study.entries()[0]), torch.arange(3, 350, 7)
    found, ticket = clean_pass(asked, rows), asked.ticket
    with torch.no_grad():
        inputs = normalise(laboratory.images.images, ticket.info.mean, ticket.info.std)
        features, logits = features_and_logits(ticket.model(), inputs)
    np.testing.assert_allclose(found.mean, features.double().mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.features, features[rows], rtol=1e-4, atol=1e-5)
    assert found.predicted.tolist() == logits.argmax(1)[rows].tolist()


def test_it_is_made_once_and_few_are_kept(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "MOST_KEPT", 2)
    rows, entries = torch.arange(10), laboratory.study.entries()[:3]
    first = [clean_pass(context(laboratory, entry), rows) for entry in entries]
    again = [clean_pass(context(laboratory, entry), rows) for entry in entries[1:]]
    assert again[0] is first[1]
    assert again[1] is first[2]
    assert clean_pass(context(laboratory, entries[0]), rows) is not first[0]
