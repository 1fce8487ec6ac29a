"""What a client does in a round: a pure function of what it is given, which any executor can call."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from pruning.data import Dataset, Split
from pruning.federated.ways import Held, Way
from pruning.models import count_macs
from pruning.search.network import SupermaskNetwork
from pruning.training.config import Training
from pruning.training.evaluation import batches_of
from pruning.training.loop import train
from pruning.training.precision import autocast, pick_precision, prepare, settled
from pruning.training.seeds import derived_seed, generator


@dataclass(frozen=True)
class Job:
    """What a client needs for a round.

    Attributes:
        way: how is learnt; held: what the server holds.
        buffers: the network's floating-point buffers, which travel beside it.
        data: its own training images; no test images.
        training: how it trains; the rate is constant and momentum begins empty.
        seed: of this client in this round; steps: how many iterations.
        device: where it trains.
    """

    way: Way
    held: Held
    buffers: Mapping[str, Tensor]
    data: Dataset
    training: Training
    seed: int
    steps: int
    device: torch.device


@dataclass(frozen=True)
class Update:
    """What a client sends, and what its training was like.

    Attributes:
        learnt: of the way's kind; buffers: of the network.
        loss: mean over the images that it saw, in nats; accuracy: on these, in [0, 1].
    """

    learnt: dict[str, Tensor]
    buffers: dict[str, Tensor]
    loss: float
    accuracy: float


def learn(job: Job) -> Update:
    """Train on a client's images, from what the server holds.

    Raises:
        UserError: the loss is not finite.
    """
    source = generator(job.seed, "drawn masks")
    learner = job.way.learner(job.held, source)
    set_buffers(_inner(learner), job.buffers)
    masks = job.way.masks if job.way.trains_weights else None
    training = job.training.but(schedule="constant", warmup_epochs=0, until=None)
    trained = train(learner, job.data, training, job.seed, masks, stop=job.steps, device=job.device)
    sent = job.way.sent(learner, generator(job.seed, "sent"))
    last = trained.history[-1]
    return Update(sent, buffers_of(_inner(learner)), last.loss, last.train_accuracy)


def own_images(data: Dataset, rows: Tensor) -> Dataset:
    """Give a client's data set: its rows of the training images, normalised as all of them are; nothing to test on."""
    train, test = data.train, data.test
    return replace(
        data, train=Split(train.images[rows], train.labels[rows]), test=Split(test.images[:0], test.labels[:0])
    )


def client_seed(seed: int, turn: int, client: int) -> int:
    """Give the seed of a client in a round."""
    return derived_seed(seed, "federated", turn, client) % 2**31


def buffers_of(network: nn.Module) -> dict[str, Tensor]:
    """Give the floating-point buffers of a network, such as the statistics of batch norm, on the CPU."""
    named = network.named_buffers()
    return {name: value.detach().cpu().clone() for name, value in named if value.is_floating_point()}


@torch.no_grad()
def set_buffers(network: nn.Module, buffers: Mapping[str, Tensor]) -> nn.Module:
    """Set buffers of a network, in place."""
    for name, value in buffers.items():
        network.get_buffer(name).copy_(value)
    return network


def accuracy_by_class(network: nn.Module, data: Dataset, training: Training, device: torch.device) -> Tensor:
    """Give the share of each class's test images that a network gets right, float64 [classes]; NaN without images."""
    macs, classes = count_macs(network, data.shape), data.num_classes
    right, shown = torch.zeros(classes), torch.zeros(classes)
    with settled(macs):
        network = prepare(network, device, macs).eval()
        with torch.inference_mode(), autocast(pick_precision(training.precision, macs, device), device):
            for images, labels in batches_of(data, data.test, device, macs):
                hit = network(images).argmax(1) == labels
                right += torch.bincount(labels[hit].cpu(), minlength=classes)
                shown += torch.bincount(labels.cpu(), minlength=classes)
    network.cpu()
    return right.double() / shown


def on_mixture(by_class: Tensor, counts: Tensor) -> float:
    """Weigh the accuracies of classes by how many images of each a client has; classes without test images are out."""
    weights = counts.double() * ~by_class.isnan()
    return float(by_class.nan_to_num() @ weights / weights.sum()) if bool(weights.any()) else float("nan")


def _inner(learner: nn.Module) -> nn.Module:
    return learner.network if isinstance(learner, SupermaskNetwork) else learner
