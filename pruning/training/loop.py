"""The one training loop: plain supervised training of a network whose pruned weights stay exactly zero."""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.errors import UserError
from pruning.masks import Masks
from pruning.models import count_macs
from pruning.progress import Progress, quiet
from pruning.tasks import Batch, Lost, Phase, Task, get_task
from pruning.training.adamw import AdamW
from pruning.training.config import Training
from pruning.training.feeding import DatasetFeed, Feed, needs_several, refuse_single_images
from pruning.training.feeding import iterations_per_epoch as iterations_per_epoch
from pruning.training.history import Epoch
from pruning.training.history import Trained as Trained
from pruning.training.observing import Observer, milestones
from pruning.training.precision import autocast, pick_precision, prepare, settled
from pruning.training.seeds import derived_seed, generator, seeded_draws
from pruning.training.shared import Group, group_of, prepared
from pruning.training.until import Until

CHECK_EVERY = 25  # iterations between looks at the loss: each look waits for the device


class Hook:
    """What a finder may do while a network is trained; this one does nothing. Iterations are counted from 0.

    Whatever gives masks puts them in force at once: on the weights, and on what the optimiser remembers of them.
    """

    def before(self, step: int) -> Masks | None:
        """Before iteration `step`: new masks, or None where they stay."""
        return None

    def gradients(self, step: int) -> Masks | None:
        """After the backward pass of iteration `step`, when also pruned weights still have their gradients.

        New masks, and then the iteration changes no weight (Evci et al. 2020); or None.
        """
        return None

    def after(self, step: int) -> bool:
        """After iteration `step`, also one that is passed over for its single image: whether training ends here."""
        return False


def learning_rate(step: int, per_epoch: int, config: Training) -> float:
    """The rate for iteration `step` (0-based): linear warm-up to `lr`, then cosine to zero or constant."""
    warmup = round(config.warmup_epochs * per_epoch)
    total = round(config.epochs * per_epoch)
    if step < warmup:
        return config.lr * (step + 1) / warmup
    if config.schedule == "constant":
        return config.lr
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, total - warmup))))


def train(
    model: nn.Module,
    data: Dataset | Feed,
    config: Training,
    seed: int,
    masks: Masks | None = None,
    start: int = 0,
    stop: int | None = None,
    device: torch.device | None = None,
    progress: Progress = quiet,
    hook: Hook | None = None,
    task: Task | None = None,
) -> Trained:
    """Train `model` in place from iteration `start` to `stop` (default: to the end, or until `config.until` holds).

    Data order, augmentation, the task's noise and dropout of iteration i depend on (seed, i) alone, so training rewound
    to iteration k sees the batches that the dense network saw after k; a `Feed` in place of `data` has an order of its
    own. Momentum starts empty. Pruned weights are zero before, during and after: their gradient is masked before each
    step, so momentum and weight decay never see them either. `hook` may change the masks on the way, and then what the
    optimiser remembers of the pruned weights is forgotten; or end it. `task` is classification where it is not given.
    With `config.devices` it is called on each of them at once, and all come to the same weights (`training.shared`).

    Raises:
        UserError: the loss is not finite, training is to go on where it has ended, batch norms are to be trained on one
            image at a time, or there is no group of so many devices.
    """
    device, task = device or torch.device("cpu"), task or get_task(None)
    group = group_of(config.devices)
    feed = DatasetFeed(data, config, seed, group) if isinstance(data, Dataset) else data
    macs, per_epoch = count_macs(model, feed.shape), feed.per_epoch
    precision = pick_precision(config.precision, macs, device)
    end = round(config.epochs * per_epoch) if stop is None else stop
    if start > 0 and start >= end:
        raise UserError(
            f"Training is to go on from iteration {start} and has {end} in all ({per_epoch} an epoch), so that nothing "
            "would be trained; rewind to an earlier iteration, or train for longer."
        )
    until = Until.read(config.until) if config.until and stop is None else None
    with settled(macs):
        model = prepare(model, device, macs)
        feed.begin(model, device, macs)
        masks = prepared(group, model, masks) if group else masks
        run = _Run(model, feed, config, seed, masks, device, precision, hook or Hook(), task, group)
        tested = feed.tested(model, device, macs, precision, task) if stop is None else None
        history: list[Epoch] = []
        observer = Observer(task, model, start) if stop is None else None
        for first, last in _segments(start, end, per_epoch, config.log_every):
            loss, train_accuracy = run.segment(first, last, per_epoch)
            last = run.step + 1
            right, test_loss = tested() if tested else (math.nan, math.nan)
            history.append(
                Epoch(
                    epoch=last / per_epoch,
                    loss=loss,
                    train_accuracy=train_accuracy,
                    test_accuracy=right,
                    test_loss=test_loss,
                )
            )
            is_last = last == end or run.ended or (until is not None and until.is_met(history))
            if observer is not None:
                observer.look(last, is_last)
            progress(1.0 if is_last else (last - start) / (end - start), "training")
            if is_last:
                break
        if not history and tested:
            right, test_loss = tested()
            history = [Epoch(epoch=0, loss=math.nan, train_accuracy=math.nan, test_accuracy=right, test_loss=test_loss)]
    model.cpu().to(memory_format=torch.contiguous_format)
    record = {} if observer is None else milestones(task, history, per_epoch) | observer.record()
    return Trained(history, history[-1].test_accuracy if history else math.nan, precision, record)


def _segments(start: int, end: int, per_epoch: int, every: float | None) -> list[tuple[int, int]]:
    """Iterations [first, last) after each of which the training curve has a point.

    None goes over an epoch's end, unless points are to lie more than an epoch apart.
    """
    width = max(1, round((every or 1.0) * per_epoch))
    epochs = range(per_epoch, end, per_epoch) if width <= per_epoch else ()
    ends = {end, *epochs, *(range(width, end, width) if every else ())}
    points = [start, *sorted(point for point in ends if point > start)]
    return list(pairwise(points))


class _Run:
    """The state that one call of `train` carries from epoch to epoch."""

    def __init__(
        self,
        model: nn.Module,
        feed: Feed,
        config: Training,
        seed: int,
        masks: Masks | None,
        device: torch.device,
        precision: str,
        hook: Hook,
        task: Task,
        group: Group | None = None,
    ) -> None:
        self.model, self.feed, self.config, self.seed = model, feed, config, seed
        self.device, self.precision, self.hook, self.task = device, precision, hook, task
        self.step, self.ended, self.group = 0, False, group
        self.optimizers = [(phase, make_optimizer(model, config, phase)) for phase in task.phases]
        self._set_masks(masks or {})

    def _set_masks(self, masks: Masks) -> None:
        """Put masks in force: on the weights, and on what the optimiser remembers of them."""
        parameters = dict(self.model.named_parameters())
        self.masked = [parameters[name] for name in masks]
        self.masks = [mask.to(self.device, parameters[name].dtype) for name, mask in masks.items()]
        with torch.no_grad():
            for parameter, mask in zip(self.masked, self.masks, strict=True):
                parameter.mul_(mask)
                for _, optimizer in self.optimizers:
                    for memory in optimizer.state.get(parameter, {}).values():
                        if isinstance(memory, Tensor) and memory.shape == mask.shape:
                            memory.mul_(mask)

    def _changed(self, masks: Masks | None) -> bool:
        if masks is not None:
            self._set_masks(self.group.same_masks(masks) if self.group else masks)
        return masks is not None

    def _mask_gradients(self) -> None:
        gradients = [p.grad for p in self.masked if p.grad is not None]
        if len(gradients) == len(self.masks) and gradients:
            torch._foreach_mul_(gradients, self.masks)
            return
        for parameter, mask in zip(self.masked, self.masks, strict=True):
            if parameter.grad is not None:
                parameter.grad.mul_(mask)

    def segment(self, first: int, last: int, per_epoch: int) -> tuple[float, float]:
        """Iterations `first` to `last` - 1; gives the mean loss and the accuracy on the batches seen."""
        seen = _Seen(self.device, self.group)
        self.model.train()
        if self.feed.largest == 1 < per_epoch:
            refuse_single_images(self.model)
        while first < last and not self.ended:
            epoch = first // per_epoch
            stop = min(last, (epoch + 1) * per_epoch)
            self._epoch(epoch, first, stop, per_epoch, seen)
            if self.ended or stop == last or stop // CHECK_EVERY > first // CHECK_EVERY:
                self._check(seen.loss, self.step, epoch)
            first = stop
        return seen.means()

    def _epoch(self, epoch: int, first: int, last: int, per_epoch: int, seen: "_Seen") -> None:
        for step, images, batch_of in self.feed.epoch(epoch, first, last):
            self.step = step
            if self._changed(self.hook.before(step)):
                self.model.train()
            if not self._passed_over(step, images, per_epoch):
                batch = batch_of()
                for phase, optimizer in self.optimizers:
                    rate = learning_rate(step, per_epoch, self.config)
                    seen.add(self._step(phase, optimizer, batch, rate, images), images)
                seen.images += images
            self.ended = self.hook.after(step)
            if step % CHECK_EVERY == 0 and step < last - 1:
                self._check(seen.loss, step, epoch)
            if self.ended:
                break

    def _passed_over(self, step: int, images: int, per_epoch: int) -> bool:
        """Whether nothing is learnt from a batch of one image: the odd last one of an epoch, or under batch norms."""
        if images > 1 or per_epoch == 1:
            return False
        return (self.feed.largest > 1 and (step + 1) % per_epoch == 0) or needs_several(self.model)

    def _step(
        self, phase: Phase, optimizer: torch.optim.Optimizer | AdamW, batch: Batch, rate: float, images: int
    ) -> Lost:
        """One step of a phase's optimiser on a batch of so many images, of which this device may see a part."""
        for group in optimizer.param_groups:
            group["lr"] = rate
        draws = partial(generator, self.seed, "task", self.step)
        shared = self.group
        # by iteration, so that dropout is the same after rewinding; other units on each device, which sees other images
        own = derived_seed(self.seed, "network", self.step, phase.name, *([shared.number] if shared else []))
        whole = shared.normalised(images) if shared else nullcontext()
        with seeded_draws(own, self.device), autocast(self.precision, self.device), whole:
            lost = self.task.loss(phase, self.model, batch, draws, self.config.label_smoothing)
        optimizer.zero_grad()
        (lost.value * shared.share(images) if shared else lost.value).backward()
        if shared is not None:
            shared.add_up(each.grad for each in self.model.parameters() if each.grad is not None)
        grown = self.hook.gradients(self.step)
        if grown is not None and len(self.optimizers) > 1:
            raise UserError(
                f"Masks that grow by gradients need a loss of one phase, and the task '{self.task.name}' has "
                f"{len(self.optimizers)}; take a finder that does not grow weights back."
            )
        if not self._changed(grown):
            self._mask_gradients()
            optimizer.step()
        return lost

    def _check(self, loss: Tensor, step: int, epoch: int) -> None:
        if not math.isfinite(float(loss)):
            raise UserError(
                f"The training loss is not finite by iteration {step} (epoch {epoch + 1}); "
                f'a learning rate below {self.config.lr:g}, a longer warm-up or precision = "float32" may help.'
            )


@dataclass
class _Seen:
    """What a segment of training adds up, on the device, so that nobody waits for it."""

    device: torch.device
    group: Group | None = None
    images: int = 0

    def __post_init__(self) -> None:
        self.loss = torch.zeros((), device=self.device)
        self.right: Tensor | None = torch.zeros((), dtype=torch.int64, device=self.device)

    def add(self, lost: Lost, images: int) -> None:
        """Take in a phase's loss on so many images."""
        group = self.group
        self.loss += lost.value.detach() * (images if group is None else images * group.share(images))
        counts = group is None or group.splits(images) or group.number == 0
        self.right = None if self.right is None or lost.right is None else self.right + lost.right * int(counts)

    def means(self) -> tuple[float, float]:
        """The mean loss, summed over phases, and the accuracy; NaN where nothing was seen."""
        if self.images == 0:  # only the one image that is passed over
            return math.nan, math.nan
        if self.group is not None:
            self.group.add_up([self.loss] if self.right is None else [self.loss, self.right])
        right = math.nan if self.right is None else float(self.right) / self.images
        return float(self.loss) / self.images, right


def make_optimizer(model: nn.Module, config: Training, phase: Phase | None = None) -> torch.optim.Optimizer | AdamW:
    """SGD with momentum or AdamW, of a phase's parameters. Biases and normalisation parameters are not decayed."""
    own = [p for name, p in model.named_parameters() if p.requires_grad and (phase is None or phase.owns(name))]
    decayed, others = [p for p in own if p.ndim > 1], [p for p in own if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "adamw":
        return AdamW(groups, lr=config.lr, betas=config.betas or (0.9, 0.999))
    return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, foreach=True)
