"""Rounds of federated learning: who takes part, what is sent, and what is noted."""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.federated import traffic
from pruning.federated.aggregation import agreement, agreement_by_chance, average, counted
from pruning.federated.clients import let_learn
from pruning.federated.local import (
    Job,
    Update,
    accuracy_by_class,
    buffers_of,
    client_seed,
    on_mixture,
    own_images,
    set_buffers,
)
from pruning.federated.splits import label_counts
from pruning.federated.ways import Held, Way, filled
from pruning.progress import Progress, quiet
from pruning.training.config import Training
from pruning.training.history import Epoch, Record
from pruning.training.seeds import generator

ROUND = ("round", "accuracy", "personal", "global_personal", "participants", "sent", "even", "bits_up", "bits_down")
CLIENT = ("client", "images", "chance", "personal", "global_personal", "rounds", "sent")
BILL = ("joining_up", "joining_down", "up", "down")
LAYER = ("round", "layer", "agreement", "by_chance")


@dataclass(frozen=True)
class Plan:
    """How rounds go.

    Attributes:
        rounds: how many; steps: iterations of a client in each.
        participation: share of the clients that take part in a round, at least one.
        dropouts: how likely one that takes part is lost before it sends.
        stragglers: how likely one has time for a part of its steps only, anything from one to all.
        seed: of all of it.
    """

    rounds: int
    steps: int
    participation: float = 1.0
    dropouts: float = 0.0
    stragglers: float = 0.0
    seed: int = 0

    def taking_part(self, turn: int, clients: int) -> list[int]:
        """Give the clients that take part in a round, rising."""
        count = max(1, round(self.participation * clients))
        order = torch.randperm(clients, generator=generator(self.seed, "participants", turn))
        return sorted(order[:count].tolist())

    def fate(self, turn: int, client: int) -> tuple[bool, int]:
        """Say whether a client that takes part gets to send, and how many iterations it has time for."""
        lost, late, part = torch.rand(3, generator=generator(self.seed, "fate", turn, client)).tolist()
        return lost >= self.dropouts, max(1, math.ceil(part * self.steps)) if late < self.stragglers else self.steps


@dataclass
class Federation:
    """A server and its clients.

    Attributes:
        way: how is learnt.
        data: all of it; rows: those of each client's training images.
        training: of a client; device: where it trains.
    """

    way: Way
    data: Dataset
    rows: Sequence[Tensor]
    training: Training
    device: torch.device
    held: Held = field(init=False)
    history: list[Epoch] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.held, self.buffers = self.way.begin(), buffers_of(self.way.network)
        self.counts = label_counts(self.data.train.labels, self.rows, self.data.num_classes)
        self.images = [len(own) for own in self.rows]
        self.by_round: list[tuple[float, ...]] = []
        self.by_layer: list[tuple[float, ...]] = []
        self.joined = [0] * len(self.rows)
        self.delivered = [0] * len(self.rows)
        self.personal = [math.nan] * len(self.rows)
        self.epochs = 0.0
        self._note(0, [], [], 0, 0)

    @property
    def sizes(self) -> traffic.Sizes:
        """How much there is to send."""
        kept = sum(int(mask.sum()) for mask in self.way.masks.values())
        total = sum(mask.numel() for mask in self.way.masks.values())
        every = sum(value.numel() for value in self.way.network.parameters())
        others = every - total if self.way.trains_weights else 0
        return traffic.Sizes(kept, total, others, sum(value.numel() for value in self.buffers.values()))

    def run(self, plan: Plan, progress: Progress = quiet) -> None:
        """Go through all rounds.

        Raises:
            UserError: a client's loss is not finite.
        """
        for turn in range(1, plan.rounds + 1):
            taking_part, sizes = plan.taking_part(turn, len(self.rows)), self.sizes
            fates = {client: plan.fate(turn, client) for client in taking_part}
            steps = {client: steps for client, (arrives, steps) in fates.items() if arrives}

            def done(clients: int, turn: int = turn, all_of_them: int = len(steps)) -> None:
                progress((turn - 1 + clients / all_of_them) / plan.rounds, f"round {turn} of {plan.rounds}")

            up, down = self._travels(taking_part, list(steps), sizes)
            sent = let_learn({client: self._job(plan, turn, client, count) for client, count in steps.items()}, done)
            for client, count in steps.items():
                self.epochs += count * min(self.training.batch_size, self.images[client]) / sum(self.images)
            if sent:
                self._merge(turn, sent)
            self._note(turn, list(sent), list(sent.values()), up, down, len(taking_part))
        progress(1.0, "federated rounds")

    def _travels(self, taking_part: Sequence[int], senders: Sequence[int], sizes: traffic.Sizes) -> tuple[int, int]:
        """Give the bits of a round, up and down; those who take part are counted as joined."""
        up, down = self.way.up(sizes) * len(senders), self.way.down(sizes, self.held) * len(taking_part)
        for client in taking_part:
            if not self.joined[client]:
                up, down = (a + b for a, b in zip((up, down), traffic.joining(sizes), strict=True))
            self.joined[client] += 1
        return up, down

    def network(self) -> nn.Module:
        """Give a copy of the server's network."""
        return set_buffers(filled(copy.deepcopy(self.way.network), self.way.served(self.held)), self.buffers)

    def record(self) -> Record:
        """Give what was noted: tables `rounds`, `clients`, `labels`, `agreement` and `bill`, bits a client."""
        sizes = self.sizes
        chance = [float(own.max() / own.sum()) for own in self.counts]
        ours = accuracy_by_class(self.network(), self.data, self.training, self.device)
        clients = [
            (client, self.images[client], chance[client], self.personal[client], on_mixture(ours, self.counts[client]),
             self.joined[client], self.delivered[client])
            for client in range(len(self.rows))
        ]  # fmt: skip
        labels = [(a, b, int(count)) for a, own in enumerate(self.counts) for b, count in enumerate(own) if count]
        return {
            **_columns("rounds", ROUND, self.by_round),
            **_columns("clients", CLIENT, clients),
            **_columns("labels", ("client", "label", "images"), labels),
            **_columns("agreement", LAYER, self.by_layer),
            **_columns("bill", BILL, [(*traffic.joining(sizes), self.way.up(sizes), self.way.down(sizes, self.held))]),
        }

    def _job(self, plan: Plan, turn: int, client: int, steps: int) -> Job:
        own, seed = own_images(self.data, self.rows[client]), client_seed(plan.seed, turn, client)
        return Job(self.way, self.held, self.buffers, own, self.training, seed, steps, self.device)

    def _merge(self, turn: int, sent: Mapping[int, Update]) -> None:
        images = [self.images[client] for client in sent]
        learnt = [update.learnt for update in sent.values()]
        self.held = self.way.merged(learnt, images, turn)
        if self.buffers:
            self.buffers = average([update.buffers for update in sent.values()], images)
        by_chance, votes = agreement_by_chance(images), counted(self.way.signs(learnt), images)
        self.by_layer += [
            (turn, layer, agreement(vote, sum(images)), by_chance) for layer, vote in enumerate(votes.values())
        ]
        for client, update in sent.items():
            network = filled(copy.deepcopy(self.way.network), self.way.weights(update.learnt))
            set_buffers(network, update.buffers)
            own = accuracy_by_class(network, self.data, self.training, self.device)
            self.personal[client] = on_mixture(own, self.counts[client])
            self.delivered[client] += 1

    def _note(
        self, turn: int, senders: Sequence[int], sent: Sequence[Update], up: int, down: int, taking_part: int = 0
    ) -> None:
        by_class = accuracy_by_class(self.network(), self.data, self.training, self.device)
        accuracy = on_mixture(by_class, torch.bincount(self.data.test.labels, minlength=self.data.num_classes))
        on_own = [on_mixture(by_class, own) for own in self.counts]
        personal = _mean([self.personal[client] for client in senders])
        even = self.way.even(self.held) if turn else 0
        self.by_round.append((turn, accuracy, personal, _mean(on_own), taking_part, len(sent), even, up, down))
        self.history.append(
            Epoch(
                epoch=self.epochs,
                loss=_mean([update.loss for update in sent]),
                train_accuracy=_mean([update.accuracy for update in sent]),
                test_accuracy=accuracy,
            )
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _columns(table: str, names: Sequence[str], rows: Sequence[tuple[float, ...]]) -> Record:
    return {f"{table}/{name}": [float(row[place]) for row in rows] for place, name in enumerate(names)}
