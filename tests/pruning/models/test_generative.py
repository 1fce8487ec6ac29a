"""Networks that make images: their sizes, what goes in and out, and the part that two kinds of them share."""

import pytest
import torch
from torch import nn

from pruning.errors import UserError
from pruning.models import NoClassifier, build_model, count_macs, find_classifier, prunable, skeleton
from pruning.models.generative import Autoencoder, Gan, Generative, VariationalAutoencoder

DIGITS, MNIST, CIFAR = (1, 8, 8), (1, 28, 28), (3, 32, 32)
CASES = [
    *((name, shape) for name in ("autoencoder", "vae", "gan") for shape in (MNIST, CIFAR, (3, 64, 48))),
    *((f"{name}_mlp", shape) for name in ("autoencoder", "vae", "gan") for shape in (DIGITS, (3, 5, 7), MNIST)),
]


def network(name: str, shape: tuple[int, int, int]) -> Generative:
    """The network of that name."""
    model = build_model(name, 10, shape, 0)
    assert isinstance(model, Generative)
    return model


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_what_goes_in_and_out(name: str, shape: tuple[int, int, int]) -> None:
    model = network(name, shape)
    images = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
    made = model.decode(torch.randn(3, model.latent, generator=torch.Generator().manual_seed(1)))
    assert made.shape == images.shape
    assert bool(((made >= 0) & (made <= 1)).all())
    given = model(images)
    if isinstance(model, Gan):
        torch.testing.assert_close(given[:, :1], model.discriminator(images))
        torch.testing.assert_close(given[:, 1:], model.discriminator(model.decode(torch.zeros(3, model.latent))))
        return
    assert isinstance(model, Autoencoder)
    mean, log_variance = model.encode(images)
    assert mean.shape == (3, model.latent)
    assert (log_variance is not None) == isinstance(model, VariationalAutoencoder)
    assert log_variance is None or log_variance.shape == mean.shape
    torch.testing.assert_close(given.sigmoid(), model.decode(mean))


def test_sizes_of_the_small_ones() -> None:
    """Layers by hand: 64-128-(8+8) and 8-128-128-64; against it 64-128-64-1."""
    encoder, decoder, discriminator = 64 * 128 + 128 * 16, 8 * 128 + 128 * 128 + 128 * 64, 64 * 128 + 128 * 64 + 64
    for name, expected in (("vae_mlp", encoder + decoder), ("gan_mlp", decoder + discriminator)):
        assert sum(weight.numel() for weight in prunable(network(name, DIGITS)).values()) == expected
    assert count_macs(network("vae_mlp", DIGITS), DIGITS) == encoder + decoder
    assert count_macs(network("gan_mlp", DIGITS), DIGITS) == decoder + 2 * discriminator  # which sees both images


def test_multiply_adds_of_the_convolutions() -> None:
    """Each output of a convolution, each input of a transposed one, meets 4x4 pixels of the maps on the other side."""
    reader = 14 * 14 * 32 * 16 + 7 * 7 * 64 * 32 * 16
    expected = 2 * reader + 7 * 7 * 64 * 32 + 16 * 7 * 7 * 64
    assert count_macs(network("vae", MNIST), MNIST) == expected


@pytest.mark.parametrize("kind", ["", "_mlp"])
def test_decoder_and_generator_are_one(kind: str) -> None:
    vae, gan = network(f"vae{kind}", MNIST), network(f"gan{kind}", MNIST)
    assert vae.latent == gan.latent
    vae_decoder, generator = vae.get_submodule("decoder"), gan.get_submodule("generator")
    assert type(vae_decoder) is type(generator)
    generator.load_state_dict(vae_decoder.state_dict())
    latents = torch.randn(4, vae.latent, generator=torch.Generator().manual_seed(0))
    assert torch.equal(vae.decode(latents), gan.decode(latents))


@pytest.mark.parametrize("name", ["autoencoder_mlp", "vae", "gan_mlp"])
def test_no_classifier_is_found_and_none_needed(name: str) -> None:
    model = network(name, MNIST)
    assert prunable(model)
    assert set(skeleton(name, 10, MNIST).state_dict()) == set(model.state_dict())
    with pytest.raises(NoClassifier):
        find_classifier(model)
    with pytest.raises(NoClassifier):
        prunable(model, classifier=False)


def test_images_that_do_not_fit() -> None:
    for shape in (DIGITS, (1, 30, 28)):
        with pytest.raises(UserError, match=r"'gan' needs images whose sides .* take 'gan_mlp'"):
            build_model("gan", 10, shape, 0)


def test_no_statistics_of_batches() -> None:
    """Those of real and of made images would mix, and recalibration on latents of zero would spoil them."""
    for name in ("autoencoder", "vae", "gan"):
        assert not any(isinstance(module, nn.BatchNorm2d) for module in network(name, CIFAR).modules())
