"""Kalibhat et al. 2021: winning tickets in a GAN, and tickets of a VAE in its generator."""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, weakest
from analysis.reproductions.generative import FIFTH, PAPER, QUARTER, YEAR, score
from analysis.reproductions.study_results import DENSE, StudyResults

SPARSITY = 0.83222784
SHOWN = (
    "It is shown and not tested: the distance of a single GAN moves by a factor of two from seed to seed, and three "
    "seeds cannot tell."
)


def claims(study: StudyResults) -> list[Claim]:
    """Distances of the GAN's tickets and controls, and of GANs with the VAE's decoder."""
    worse = [study.ratio((name, SPARSITY), ("imp", SPARSITY), score) for name in ("random_reinit", "shuffled")]
    found = [
        Claim(
            "With new initial weights, or a shuffled mask, a GAN does not come up to its ticket: twice the distance.",
            "random tickets fall off earlier",
            "FD of the control over the ticket's, at 17 %, the one of the two that is less sure",
            weakest(worse, 2.0),
            beyond=2.0,
        ),
        Claim(
            "The ticket is as good as the dense network: its distance is at most a fifth higher.",
            "winning tickets up to 89 % sparsity",
            "FD of the dense network over that of the ticket of 17 %",
            study.ratio((DENSE, 0.0), ("imp", SPARSITY), score),
            beyond=FIFTH,
            uncounted=SHOWN,
        ),
        Claim(
            "The decoder of a VAE's ticket makes a better GAN than a dense generator does.",
            "tickets transfer between VAE and GAN",
            "FD of the dense GAN over that with the VAE's ticket of 26 % for its generator",
            study.ratio((DENSE, 0.0), ("vae_ticket", QUARTER), score),
            beyond=1.0,
            uncounted=SHOWN,
        ),
    ]
    arms = {
        "vae_new": ("It is the weights that help: with new ones the same mask is worse.", "new weights", QUARTER),
        "vae_shuffled": ("It is the mask: shuffled it is worse.", "a shuffled mask", QUARTER),
        "vae_weights": ("It is not the early weights alone: without a mask they are worse.", "no mask", 0.0),
    }
    for name, (finding, words, sparsity) in arms.items():
        found.append(
            Claim(
                finding,
                "",
                f"FD with {words} over that with the VAE's ticket",
                study.ratio((name, sparsity), ("vae_ticket", QUARTER), score),
                beyond=1.0,
                uncounted=SHOWN,
            )
        )
    return found


REPRODUCTION = Reproduction(
    "generative_gan",
    "Winning lottery tickets in deep generative models: GAN",
    PAPER,
    YEAR,
    "A GAN of linear layers on digits of 8x8 pixels, with noise on what its discriminator sees, without which it "
    "learns nothing here; FD as above. Its generator is of one make with the VAE's decoder, which is put in its place "
    "with the discriminator dense and new.",
    claims,
)
