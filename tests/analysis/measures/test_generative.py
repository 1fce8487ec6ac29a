"""What is measured of networks that make images, against the same worked out from their weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from analysis.engine.base import measures
from analysis.engine.makers import Maker
from analysis.measures.drawn import between
from analysis.measures.reconstruction import same_class
from analysis.results.store import Results
from pruning.data import load_data
from pruning.models.generative import VariationalAutoencoder
from pruning.study.folder import Entry, Study
from pruning.tasks import frechet
from pruning.ticket import Ticket

OWN = ("generated", "reconstruction", "drawn", "latent")
Found = Callable[[str], Path]


def opened(path: Path, table: str) -> tuple[Study, Entry, Ticket, pd.DataFrame]:
    """The study, its sparsest IMP ticket of seed 0, and the ticket's rows."""
    study = Study.open(path)
    entry = next(e for e in study.entries() if e.recipe.label == "IMP 75 %" and e.recipe.seed == 0)
    return study, entry, study.load(entry.id), Results(path).table(table, ids=[entry.id])


@pytest.mark.parametrize(
    ("task", "tables"),
    [("vae", set(OWN)), ("gan", {"generated", "drawn"}), ("autoencoder", {"reconstruction", "drawn", "latent"})],
)
def test_each_task_has_its_tables(task: str, tables: set[str], generative_study: Found) -> None:
    path = generative_study(task)
    assert {folder.name for folder in (path / "results").iterdir()} & {*OWN, "samples", "conditions"} == tables


def test_classifiers_have_none_of_them() -> None:
    assert not any(measures()[name].suits(None) for name in OWN)


def test_the_distance_is_scipys(generative_study: Found) -> None:
    _, entry, ticket, rows = opened(generative_study("vae"), "generated")
    data = load_data("digits")
    see, network = frechet.feature_network(data), Maker.of(ticket)
    made = see(network.decoded(network.latents(2000))).double().numpy()
    real = see(data.train.images.float() / 255).double().numpy()
    apart = ((made.mean(0) - real.mean(0)) ** 2).sum()
    one, other = np.cov(made.T), np.cov(real.T)
    ridge = 1e-9 * np.eye(len(one))  # features that never vary make the product singular
    root = np.real(sqrtm((one + ridge) @ (other + ridge)))
    row = rows.iloc[0]
    assert row["fd"] == pytest.approx(apart + np.trace(one + other - 2 * root), rel=1e-3)
    assert row["fd_low"] < row["fd"] < row["fd_high"]
    assert row["floor"] < row["fd"]
    assert row["fd"] == pytest.approx(entry.info.accuracy, rel=1e-3)  # the task's score, of the same latents


def test_reconstruction_and_its_parts_by_hand(generative_study: Found) -> None:
    _, entry, ticket, rows = opened(generative_study("vae"), "reconstruction")
    module, images = ticket.model(), load_data("digits").test.images.float() / 255
    assert isinstance(module, VariationalAutoencoder)
    with torch.no_grad():
        mean, log_variance = module.encode(images)
        given = module.decode(mean)
    row = rows.iloc[0]
    assert row["n"] == len(images)
    assert row["mse"] == pytest.approx(float(((given - images) ** 2).mean()), rel=1e-5)
    normal = torch.distributions.Normal
    kl = torch.distributions.kl_divergence(normal(mean, (0.5 * log_variance).exp()), normal(0.0, 1.0)).sum(1)
    assert row["kl"] == pytest.approx(float(kl.mean()), rel=1e-5)
    assert row["elbo"] == pytest.approx(row["bce"] + row["kl"], rel=1e-9)
    assert row["elbo"] == pytest.approx(entry.info.history[-1].test_loss, rel=0.02)  # other noise
    assert row["active"] == int((mean.var(0) > 0.01).sum())


def test_an_autoencoder_has_an_error_and_no_bound(generative_study: Found) -> None:
    _, entry, _, rows = opened(generative_study("autoencoder"), "reconstruction")
    assert rows["mse"].iloc[0] == pytest.approx(entry.info.accuracy, rel=1e-4)
    assert rows[["elbo", "bce", "kl"]].isna().all(axis=None)


def test_the_nearest_by_their_codes_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    codes, labels = rng.normal(size=(80, 3)), rng.integers(4, size=80)
    far = cdist(codes, codes) + np.diag(np.full(80, np.inf))
    assert same_class(codes, labels).value == np.mean(labels[far.argmin(1)] == labels)
    assert np.isnan(same_class(np.zeros((5, 2)), np.arange(5)).value)


def test_tiles_are_of_the_same_latents_for_all(generative_study: Found) -> None:
    path = generative_study("gan")
    _, _, ticket, rows = opened(path, "drawn")
    network = Maker.of(ticket)
    assert rows.groupby("what").size().to_dict() == {"interpolation": 64, "nearest": 16, "sample": 64}
    first = np.frombuffer(rows[rows["what"] == "sample"]["pixels"].iloc[5], dtype=np.uint8)
    whole = network.decoded(network.latents(2000))[5]  # few latents are the first of many
    np.testing.assert_allclose(first, (255 * whole).numpy().ravel(), atol=0.51)
    training = {image.numpy().tobytes() for image in load_data("digits").train.images}
    assert {bytes(pixels) for pixels in rows[rows["what"] == "nearest"]["pixels"]} <= training


def test_originals_are_test_images(generative_study: Found) -> None:
    *_, rows = opened(generative_study("vae"), "drawn")
    own = load_data("digits").test.images
    for pixels in rows[rows["what"] == "original"]["pixels"]:
        assert (own.flatten(1).numpy() == np.frombuffer(pixels, dtype=np.uint8)).all(axis=1).any()


@pytest.mark.parametrize("round_way", [False, True])
def test_a_way_begins_and_ends_at_its_ends(round_way: bool) -> None:
    one, other = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0))
    steps = list(between(one, other, 8, round=round_way))
    torch.testing.assert_close(steps[0], one)
    torch.testing.assert_close(steps[-1], other)
    if round_way:
        unit = torch.nn.functional.normalize(one, dim=1), torch.nn.functional.normalize(other, dim=1)
        lengths = torch.stack(list(between(*unit, 8, round=True))).norm(dim=2)
        torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_the_plane_holds_its_share_of_the_variance(generative_study: Found) -> None:
    _, _, ticket, rows = opened(generative_study("vae"), "latent")
    images = load_data("digits").test.images.float() / 255
    codes = Maker.of(ticket).encoded(images)[0].double().numpy()
    values = np.linalg.eigvalsh(np.cov(codes.T))[::-1]
    assert len(rows) == len(images)
    assert rows["share"].iloc[0] == pytest.approx(values[:2].sum() / values.sum(), rel=1e-4)
