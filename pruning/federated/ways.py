"""Ways to learn together, a class each: what travels, what a client trains, and what comes of it.

A server holds `Learnt`: of FedAvg the parameters, of the others a number for each weight, over frozen weights that the
seed says. `images` are those of the clients that it comes from, 0 where it comes from the seed.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from pruning.federated import traffic
from pruning.federated.aggregation import Learnt, average, counted, majority
from pruning.masks import Masks, make_masks
from pruning.search.network import SupermaskNetwork
from pruning.search.rules import Rule, signed
from pruning.training.seeds import generator

SURE = 0.01  # a probability is at most so near to 0 or 1, from where its score would not come back


@dataclass(frozen=True)
class Held:
    """What the server holds between rounds.

    Attributes:
        learnt: by name; votes are int64 sums, all else is float.
        images: of the clients it comes from; 0: from the seed.
        turn: the round it comes from, which seeds the coins of even votes.
    """

    learnt: Learnt
    images: int = 0
    turn: int = 0


@dataclass(frozen=True)
class Way(ABC):
    """A way to learn together.

    Attributes:
        network: its parameters hold the initial weights, of ways that train no weights the frozen ones.
        masks: of its prunable weights, True = kept.
        seed: of the coins that decide even votes.
        latent: the size at which scores of signs begin; sparsity: of the mask that is voted for.
        signs_down: whether signs, not votes, are sent down.
    """

    network: nn.Module
    masks: Masks
    seed: int
    latent: float = 0.2
    sparsity: float = 0.0
    signs_down: bool = False

    trains_weights: ClassVar[bool] = False

    @abstractmethod
    def begin(self) -> Held:
        """Give what the seed says."""

    @abstractmethod
    def learner(self, held: Held, source: torch.Generator) -> nn.Module:
        """Give what a client trains, in whose module `network` the network itself is."""

    @abstractmethod
    def sent(self, learner: nn.Module, source: torch.Generator) -> dict[str, Tensor]:
        """Give what a client sends once it has trained."""

    def merged(self, sent: Sequence[Learnt], images: Sequence[int], turn: int) -> Held:
        """Give what the server makes of what was sent: the votes."""
        return Held(counted(sent, images), sum(images), turn)

    @abstractmethod
    def weights(self, learnt: Learnt) -> Learnt:
        """Give the network's parameters by what a client has learnt."""

    @abstractmethod
    def served(self, held: Held) -> Learnt:
        """Give the network's parameters by what the server holds."""

    def found(self, held: Held) -> Masks:
        """Give the masks of the server's network."""
        return self.masks

    def even(self, held: Held) -> int:
        """Count the weights whose vote is even."""
        return 0

    def up(self, sizes: traffic.Sizes) -> int:
        """Count the bits that a client sends in a round."""
        return traffic.bits(sizes)

    def down(self, sizes: traffic.Sizes, held: Held) -> int:
        """Count the bits that a client is sent in a round."""
        return traffic.votes(sizes, held.images) if held.images else 0

    def signs(self, sent: Sequence[Learnt]) -> list[dict[str, Tensor]]:
        """Give clients' signs (of masks, what they keep) as +-1 for every kept weight, int8 [kept], by name."""
        return [
            {name: torch.where(own[name][mask] > 0, 1, -1).to(torch.int8) for name, mask in self.masks.items()}
            for own in sent
        ]


class FedAvg(Way):
    """Parameters are trained and averaged (McMahan et al. 2017, arXiv 1602.05629), under the mask if there is one."""

    trains_weights = True

    def begin(self) -> Held:
        """Give the initial parameters."""
        return Held({name: value.detach().clone() for name, value in self.network.named_parameters()})

    def learner(self, held: Held, source: torch.Generator) -> nn.Module:
        """Give the network with the server's parameters."""
        return filled(copy.deepcopy(self.network), held.learnt)

    def sent(self, learner: nn.Module, source: torch.Generator) -> dict[str, Tensor]:
        """Give all parameters."""
        return {name: value.detach().cpu().clone() for name, value in learner.named_parameters()}

    def merged(self, sent: Sequence[Learnt], images: Sequence[int], turn: int) -> Held:
        """Give their average."""
        return Held(average(sent, images), sum(images), turn)

    def weights(self, learnt: Learnt) -> Learnt:
        """Give them as they are."""
        return learnt

    def served(self, held: Held) -> Learnt:
        """Give them as they are."""
        return held.learnt

    def up(self, sizes: traffic.Sizes) -> int:
        """Count floats."""
        return traffic.floats(sizes)

    def down(self, sizes: traffic.Sizes, held: Held) -> int:
        """Count floats."""
        return traffic.floats(sizes) if held.images else 0


class Signs(Way):
    """Signs of frozen sizes are trained and voted on (HideNseek, Vallapuram et al. 2022, arXiv 2206.04385).

    A client's scores begin at `latent` times the mean of the signs (or times its sign, where signs travel down); what
    is evaluated and kept is the sign.
    """

    def begin(self) -> Held:
        """Give the signs of the initial weights, that of a zero being +1."""
        weights = {name: self.network.get_parameter(name) for name in self.masks}
        return Held({name: torch.where(weight.detach() < 0, -1, 1) for name, weight in weights.items()})

    def learner(self, held: Held, source: torch.Generator) -> nn.Module:
        """Give the network over scores."""
        votes = self._signs(held) if self.signs_down else held.learnt
        whole = 1 if self.signs_down else held.images or 1
        scores = {name: self.latent * vote.float() / whole for name, vote in votes.items()}
        # of an even vote the score is 0, and its sign that of +0
        return SupermaskNetwork(copy.deepcopy(self.network), scores, self.masks, signed)

    def sent(self, learner: nn.Module, source: torch.Generator) -> dict[str, Tensor]:
        """Give the scores' signs, int8 of +-1, of kept weights; 0 elsewhere."""
        return {
            name: torch.where(value.detach().cpu().signbit(), -1, 1).to(torch.int8) * self.masks[name]
            for name, value in _scores(learner).items()
        }

    def weights(self, learnt: Learnt) -> Learnt:
        """Give the frozen sizes with these signs."""
        return {
            name: self.network.get_parameter(name).detach().abs() * sign * self.masks[name]
            for name, sign in learnt.items()
        }

    def served(self, held: Held) -> Learnt:
        """Give the sizes with the majority's signs."""
        return self.weights(self._signs(held))

    def even(self, held: Held) -> int:
        """Count the kept weights whose vote is even."""
        return sum(int((vote[self.masks[name]] == 0).sum()) for name, vote in held.learnt.items())

    def down(self, sizes: traffic.Sizes, held: Held) -> int:
        """Count signs, or votes."""
        return traffic.bits(sizes) if self.signs_down and held.images else super().down(sizes, held)

    def _signs(self, held: Held) -> dict[str, Tensor]:
        return {
            name: majority(vote, generator(self.seed, "even votes", held.turn, name))
            for name, vote in held.learnt.items()
        }


class FedPM(Way):
    """Probabilities of keeping frozen weights are trained, masks drawn from them sent (Isik et al. 2023, 2209.15328).

    The server's probabilities are the share of votes for each weight, as with FedPM's prior reset in each round. They
    begin at the share that is kept. The server's network keeps the weights of the highest, as many as the sparsity
    says.
    """

    def begin(self) -> Held:
        """Give the share that is kept, for every weight."""
        return Held({name: torch.full(mask.shape, 1 - self.sparsity) for name, mask in self.masks.items()})

    def learner(self, held: Held, source: torch.Generator) -> nn.Module:
        """Give the network over scores, the logits of the probabilities, of which masks are drawn at every step."""
        scores = {name: chance.clamp(SURE, 1 - SURE).logit() for name, chance in self._chances(held).items()}
        return SupermaskNetwork(copy.deepcopy(self.network), scores, self.masks, drawn(source))

    def sent(self, learner: nn.Module, source: torch.Generator) -> dict[str, Tensor]:
        """Give a mask drawn from the probabilities, bool."""
        chances = {name: value.detach().cpu().sigmoid() for name, value in _scores(learner).items()}
        return {name: torch.rand(chance.shape, generator=source) < chance for name, chance in chances.items()}

    def weights(self, learnt: Learnt) -> Learnt:
        """Give the frozen weights under the mask."""
        return {name: self.network.get_parameter(name).detach() * mask for name, mask in learnt.items()}

    def served(self, held: Held) -> Learnt:
        """Give the frozen weights of the highest probabilities."""
        return self.weights(self.found(held))

    def found(self, held: Held) -> Masks:
        """Give the masks of the highest probabilities; of equal ones, those that a seed draws."""
        ties = generator(self.seed, "even votes", held.turn)
        return make_masks(self._chances(held), self.sparsity, ties=ties)

    def _chances(self, held: Held) -> dict[str, Tensor]:
        return {name: vote.float() / (held.images or 1) for name, vote in held.learnt.items()}


WAYS: dict[str, type[Way]] = {"signs": Signs, "fedavg": FedAvg, "fedpm": FedPM}


def drawn(source: torch.Generator) -> Rule:
    """Give the rule w m with m drawn by the probability p = sigmoid(s): dL/ds = w p (1 - p) dL/d(w m)."""

    def rule(scores: Tensor, mask: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        chance = scores.sigmoid()
        coins = torch.rand(scores.shape, generator=source).to(scores.device)
        return weights * mask * (coins < chance), weights * mask * chance * (1 - chance)

    return rule


@torch.no_grad()
def filled(network: nn.Module, parameters: Learnt) -> nn.Module:
    """Set these parameters of the network, in place; of a pruned weight no -0 stays."""
    for name, value in parameters.items():
        network.get_parameter(name).copy_(value + 0.0)
    return network


def _scores(learner: nn.Module) -> dict[str, Tensor]:
    assert isinstance(learner, SupermaskNetwork)
    return dict(zip(learner.names, learner.scores, strict=True))
