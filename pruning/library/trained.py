"""Training of a network that is at hand, its pruned weights staying zero."""

from typing import Any

from torch import nn

from pruning.data import Dataset, load_data
from pruning.errors import UserError
from pruning.library.copies import check_network
from pruning.library.labelled import check_classes
from pruning.library.loaders import LoaderFeed
from pruning.library.logits import logits_alone, try_out
from pruning.library.pruned import masks_in_force
from pruning.models.modes import modes_kept
from pruning.models.user_file import seeded
from pruning.progress import Progress, as_progress, quiet
from pruning.training import loop
from pruning.training.config import Training
from pruning.training.feeding import DatasetFeed
from pruning.training.history import Trained
from pruning.training.seeds import derived_seed


def train(
    network: nn.Module,
    data: Any,
    training: Training | None = None,
    *,
    masks: Any = None,
    validation: Any = None,
    seed: int = 0,
    progress: Progress | bool = quiet,
    **changes: Any,
) -> Trained:
    """Train a network in place, as finders train theirs: cross-entropy, by the optimiser and schedule of `Training`.

    Args:
        network: any, on any device, where it stays, as does its mode. What is frozen (`requires_grad` false) is not
            trained.
        data: what it learns from, in the forms that `prune` takes; or a `Dataset`, or the name of one, whose test
            images then are the validation. A loader is gone through once an epoch, with the batches and the
            augmentation that it has; a pair of tensors is shuffled and cut into batches of `Training.batch_size`.
        training: how, such as ``Training(epochs=5, lr=0.01)``.
        masks: of the weights that are to stay, in any form that `masks_of` takes, such as what `prune` returns. They
            are put in force first, and pruned weights are exactly zero throughout. None: every weight is trained, also
            those that `Pruned.apply` set to zero.
        validation: what it is tested on at every point of the curve, in the same forms.
        seed: of whatever chance there is: the order of a pair of tensors, the shuffling and the augmentation of a
            loader that draws from the generators of torch, numpy or Python, and dropout. They are afterwards where they
            were.
        progress: told the fraction done and what is being done; True writes a line, and `print` will do.
        changes: fields of the training that are to be others: ``train(network, loader, epochs=3)``.

    Returns:
        The training curve; see `Trained`.

    Raises:
        UserError: the data are none, a label names no class, masks do not fit, the loss is not finite, batches of one
            image meet batch norms, or nothing can be trained.
    """
    if training is not None and not isinstance(training, Training):
        raise UserError(f"Say how to train as Training(epochs=5), or epochs=5, not as a {type(training).__name__}.")
    check_network(network)
    config = (training or Training()).but(**changes)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError("Nothing can be trained: the network has no parameter that requires a gradient.")
    kept = None if masks is None else masks_in_force(network, masks)
    where = next(network.parameters()).device
    with seeded(derived_seed(seed, "training") % 2**31):
        data = load_data(data) if isinstance(data, str) else data
        if isinstance(data, Dataset):
            feed: LoaderFeed | DatasetFeed = DatasetFeed(data, config, seed)
        else:
            feed = LoaderFeed(data, validation, config, seed)
        with logits_alone(network), modes_kept(network):
            classes = try_out(network, feed.shape).classes
            if isinstance(feed, LoaderFeed):
                feed.classes = classes
            else:
                for part in (feed.data.train, feed.data.test):
                    check_classes(part.labels, classes)
            try:
                return loop.train(network, feed, config, seed, masks=kept, device=where, progress=as_progress(progress))
            finally:
                network.to(where)
