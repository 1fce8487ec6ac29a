"""Losses of networks that make images, against values by hand, and where their gradients go."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from pruning.data import load_data
from pruning.data.base import normalise
from pruning.errors import UserError
from pruning.models import build_model
from pruning.models.generative import Gan, VariationalAutoencoder
from pruning.tasks import Task, frechet, get_task
from pruning.tasks.base import Batch
from pruning.tasks.generative import Generative
from pruning.tasks.vae import elbo_parts
from pruning.training.seeds import generator

SHAPE = (1, 8, 8)


def task_of(name: str) -> Generative:
    """The task of that name."""
    task = get_task(name)
    assert isinstance(task, Generative)
    return task


def draws(*purpose: object) -> torch.Generator:
    """Seeded draws of one iteration."""
    return generator(0, "task", 7, *purpose)


def batch(count: int = 5) -> Batch:
    """Random pixels."""
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(1)), torch.zeros(count, dtype=torch.int64)


def loss(task: Task, model: nn.Module, phase: int = 0) -> Tensor:
    """The loss of a phase on the batch."""
    found = task.loss(task.phases[phase], model, batch(), draws)
    assert found.right is None
    return found.value


def test_autoencoder_by_hand() -> None:
    model = build_model("autoencoder_mlp", 10, SHAPE, 0)
    images = batch()[0]
    expected = (1 / (1 + torch.exp(-model(images))) - images).pow(2).sum() / (5 * 64)
    torch.testing.assert_close(loss(get_task("autoencoder"), model), expected)


def test_bound_by_hand() -> None:
    """torch's distributions give both parts; the draw of the latents is that of the batch's own generator."""
    model = build_model("vae_mlp", 10, SHAPE, 0)
    assert isinstance(model, VariationalAutoencoder)
    images = batch()[0]
    mean, log_variance = model.encode(images)
    posterior = Independent(Normal(mean, (0.5 * log_variance).exp()), 1)
    prior = Independent(Normal(torch.zeros(8), torch.ones(8)), 1)
    noise = torch.randn(5, 8, generator=draws("latents"))
    latents = mean + posterior.base_dist.scale * noise
    pixels = Independent(Bernoulli(logits=model.decoder(latents), validate_args=False), 3)
    reconstruction, divergence = elbo_parts(model, images, noise)
    torch.testing.assert_close(reconstruction, -pixels.log_prob(images))
    torch.testing.assert_close(divergence, kl_divergence(posterior, prior))
    torch.testing.assert_close(loss(get_task("vae"), model), (reconstruction + divergence).mean())


def test_collapsed_posterior_has_no_divergence() -> None:
    model = build_model("vae_mlp", 10, SHAPE, 0)
    for parameter in (model.get_parameter("encoder.fc2.weight"), model.get_parameter("encoder.fc2.bias")):
        nn.init.zeros_(parameter)
    _, divergence = elbo_parts(model, batch()[0], torch.zeros(5, 8))
    assert torch.equal(divergence, torch.zeros(5))


def test_gan_by_hand() -> None:
    model = build_model("gan_mlp", 10, SHAPE, 0)
    assert isinstance(model, Gan)
    images = batch()[0]

    def noise(phase: str, which: str) -> Tensor:
        return 0.5 * torch.randn(5, *SHAPE, generator=draws(phase, which))

    def made(phase: str) -> Tensor:
        latents = torch.randn(5, 8, generator=draws(phase, "latents"))
        return model.generator(latents).sigmoid() + noise(phase, "made")

    def log_loss(logits: Tensor, is_real: bool) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(is_real)))

    real = log_loss(model.discriminator(images + noise("discriminator", "real")), True)
    false = log_loss(model.discriminator(made("discriminator")), False)
    torch.testing.assert_close(loss(get_task("gan"), model, 0), real + false)
    torch.testing.assert_close(loss(get_task("gan"), model, 1), log_loss(model.discriminator(made("generator")), True))
    untrained = 2 * math.log(2)  # of a discriminator that cannot tell
    nn.init.zeros_(model.get_parameter("discriminator.fc3.weight"))
    nn.init.zeros_(model.get_parameter("discriminator.fc3.bias"))
    assert loss(get_task("gan"), model, 0).item() == pytest.approx(untrained)


def test_each_phase_of_a_gan_trains_its_own_part() -> None:
    task = get_task("gan")
    for phase, own in enumerate(("discriminator", "generator")):
        model = build_model("gan_mlp", 10, SHAPE, 0)
        loss(task, model, phase).backward()
        touched = {name.partition(".")[0] for name, p in model.named_parameters() if p.grad is not None}
        assert touched == {own}
        owned = {name.partition(".")[0] for name, _ in model.named_parameters() if task.phases[phase].owns(name)}
        assert owned == {own}


def test_summed_loss_of_a_gan_gives_each_part_its_own_gradient() -> None:
    """So that criteria on the sum do not see one part's loss in the other, which has the opposite sign."""
    task, model = get_task("gan"), build_model("gan_mlp", 10, SHAPE, 0)
    weights = dict(model.named_parameters())
    whole = torch.autograd.grad(task.summed_loss(model, batch(), draws) / 5, list(weights.values()))
    for phase in (0, 1):
        own = {name for name in weights if task.phases[phase].owns(name)}
        parts = torch.autograd.grad(loss(task, model, phase), [weights[name] for name in own])
        for name, gradient in zip(own, parts, strict=True):
            torch.testing.assert_close(whole[list(weights).index(name)], gradient)


@pytest.mark.parametrize("name", ["autoencoder", "vae", "gan"])
def test_pixels_as_they_are(name: str) -> None:
    task, data = task_of(name), load_data("digits")
    raw = task.dataset(data)
    images = normalise(raw.test.images, raw.mean, raw.std)
    torch.testing.assert_close(images, data.test.images / 255)
    assert not task.classifies_images
    assert not task.score.higher
    model = build_model(f"{name}_mlp", 10, SHAPE, 0)
    assert set(task.parts) == {part for part, _ in model.named_children()}


@pytest.mark.parametrize("name", ["autoencoder", "vae", "gan"])
def test_evaluation(name: str) -> None:
    """The score is the error or the distance; the loss is the mean over images, whatever the batches; both repeat."""
    task, data = task_of(name), load_data("digits")
    raw = task.dataset(data)
    model = build_model(f"{name}_mlp", 10, SHAPE, 0).eval()
    images, labels = raw.test.images / 255, raw.test.labels

    def split(size: int) -> list[Batch]:
        return list(zip(images.split(size), labels.split(size), strict=True))

    with torch.inference_mode():
        score, mean = task.evaluate(model, raw, split(100), draws)
        assert (score, mean) == task.evaluate(model, raw, split(100), draws)
        assert mean == pytest.approx(task.evaluate(model, raw, split(359), draws)[1], rel=0.02)
    if name == "autoencoder":
        assert score == mean
        assert score == pytest.approx(F.mse_loss(model(images).sigmoid(), images).item(), rel=1e-5)
    else:
        assert score == frechet.made_distance(model, raw, draws)


def test_a_network_without_the_parts() -> None:
    task, model = task_of("vae"), build_model("vae_mlp", 10, SHAPE, 0)
    task.check(model)
    with pytest.raises(UserError, match=r"'vae' trains .* LeNet300 has no encoder and decoder; take .*'vae'"):
        task.check(build_model("lenet300", 10, SHAPE, 0))
    del model.latent  # as a class of the user's own may lack it
    with pytest.raises(UserError, match="has no latent"):
        task.check(model)
