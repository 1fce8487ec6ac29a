"""The one training loop: plain supervised training of a network whose pruned weights stay exactly zero."""

import hashlib
import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.data import Dataset, Split, normalise
from pruning.errors import UserError
from pruning.masks import Masks
from pruning.models import count_macs
from pruning.progress import Progress, quiet
from pruning.training.augmentation import Moves, draw_moves
from pruning.training.config import Training
from pruning.training.history import Epoch
from pruning.training.precision import as_input, autocast, pick_precision, prepare, settled

EVALUATION_BATCH = 1000  # images of up to 64 x 64; of larger ones as many as have so many pixels
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
        """After iteration `step`: whether training ends here."""
        return False


@dataclass(frozen=True)
class Trained:
    """What `train` gives back beside the trained network."""

    history: list[Epoch]
    accuracy: float
    precision: str


def derived_seed(seed: int, *purpose: object) -> int:
    """An independent 63-bit seed for each purpose, so that data order, augmentation, scoring share no stream."""
    text = ":".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *purpose: object) -> torch.Generator:
    """A CPU generator seeded by `derived_seed`."""
    return torch.Generator().manual_seed(derived_seed(seed, *purpose))


def iterations_per_epoch(data: Dataset, config: Training) -> int:
    """Batches in an epoch, the last and smaller one included."""
    return math.ceil(len(data.train.labels) / config.batch_size)


def learning_rate(step: int, per_epoch: int, config: Training) -> float:
    """The rate for iteration `step` (0-based): linear warm-up to `lr`, then cosine to zero or constant."""
    warmup = round(config.warmup_epochs * per_epoch)
    total = round(config.epochs * per_epoch)
    if step < warmup:
        return config.lr * (step + 1) / warmup
    if config.schedule == "constant":
        return config.lr
    return config.lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def train(
    model: nn.Module,
    data: Dataset,
    config: Training,
    seed: int,
    masks: Masks | None = None,
    start: int = 0,
    stop: int | None = None,
    device: torch.device | None = None,
    progress: Progress = quiet,
    hook: Hook | None = None,
) -> Trained:
    """Train `model` in place from iteration `start` to `stop` (default: to the end).

    Data order and augmentation of iteration i depend on (seed, i) alone, so training rewound to iteration k sees the
    batches that the dense network saw after k. Momentum starts empty. Pruned weights are zero before, during and
    after: their gradient is masked before each step, so momentum and weight decay never see them either. `hook` may
    change the masks on the way, and then what the optimiser remembers of the pruned weights is forgotten; or end it.

    Raises:
        UserError: the loss is not finite.
    """
    device = device or torch.device("cpu")
    macs = count_macs(model, data.shape)
    precision = pick_precision(config.precision, macs, device)
    per_epoch = iterations_per_epoch(data, config)
    end = round(config.epochs * per_epoch) if stop is None else stop
    with settled(macs):
        model = prepare(model, device, macs)
        run = _Run(model, data, config, seed, masks, device, macs, precision, hook or Hook())
        tested = partial(evaluate, model, data, data.test, device, precision, macs)
        history = []
        for first, last in _segments(start, end, per_epoch, config.log_every):
            loss, train_accuracy = run.epoch(first // per_epoch, first, last, per_epoch)
            last = run.step + 1
            is_last = last == end or run.ended
            right, test_loss = tested() if stop is None else (math.nan, math.nan)
            history.append(
                Epoch(
                    epoch=last / per_epoch,
                    loss=loss,
                    train_accuracy=train_accuracy,
                    test_accuracy=right,
                    test_loss=test_loss,
                )
            )
            progress(1.0 if is_last else (last - start) / (end - start), "training")
            if run.ended:
                break
        if not history and stop is None:
            right, test_loss = tested()
            history = [Epoch(epoch=0, loss=math.nan, train_accuracy=math.nan, test_accuracy=right, test_loss=test_loss)]
    model.cpu().to(memory_format=torch.contiguous_format)
    return Trained(history, history[-1].test_accuracy if history else math.nan, precision)


def _segments(start: int, end: int, per_epoch: int, every: float | None) -> list[tuple[int, int]]:
    """Iterations [first, last) after each of which the training curve has a point; none goes over an epoch's end."""
    width = max(1, round((every or 1.0) * per_epoch))
    ends = {end, *range(per_epoch, end, per_epoch), *(range(width, end, width) if every else ())}
    points = [start, *sorted(point for point in ends if point > start)]
    return list(pairwise(points))


class _Run:
    """The state that one call of `train` carries from epoch to epoch."""

    def __init__(
        self,
        model: nn.Module,
        data: Dataset,
        config: Training,
        seed: int,
        masks: Masks | None,
        device: torch.device,
        macs: int,
        precision: str,
        hook: Hook,
    ) -> None:
        self.model, self.data, self.config, self.seed = model, data, config, seed
        self.device, self.macs, self.precision, self.hook = device, macs, precision, hook
        self.step, self.ended = 0, False
        self.optimizer = make_optimizer(model, config)
        self._set_masks(masks or {})

    def _set_masks(self, masks: Masks) -> None:
        """Put masks in force: on the weights, and on what the optimiser remembers of them."""
        parameters = dict(self.model.named_parameters())
        self.masked = [parameters[name] for name in masks]
        self.masks = [mask.to(self.device, parameters[name].dtype) for name, mask in masks.items()]
        with torch.no_grad():
            for parameter, mask in zip(self.masked, self.masks, strict=True):
                parameter.mul_(mask)
                for memory in self.optimizer.state.get(parameter, {}).values():
                    if isinstance(memory, Tensor) and memory.shape == mask.shape:
                        memory.mul_(mask)

    def _changed(self, masks: Masks | None) -> bool:
        if masks is not None:
            self._set_masks(masks)
        return masks is not None

    def _mask_gradients(self) -> None:
        gradients = [p.grad for p in self.masked if p.grad is not None]
        if len(gradients) == len(self.masks) and gradients:
            torch._foreach_mul_(gradients, self.masks)
            return
        for parameter, mask in zip(self.masked, self.masks, strict=True):
            if parameter.grad is not None:
                parameter.grad.mul_(mask)

    def epoch(self, epoch: int, first: int, last: int, per_epoch: int) -> tuple[float, float]:
        """Iterations `first` to `last` - 1 of the epoch; gives the mean loss and the accuracy on the batches seen."""
        config, labels = self.config, self.data.train.labels
        order = torch.randperm(len(labels), generator=generator(self.seed, "order", epoch))
        jitter = generator(self.seed, "augment", epoch)
        moves = draw_moves(len(labels), self.data.shape, config.augment, jitter)
        self.model.train()
        total_loss = torch.zeros((), device=self.device)
        right = torch.zeros((), dtype=torch.int64, device=self.device)
        seen = 0
        for step in range(first, last):
            offset = (step - epoch * per_epoch) * config.batch_size
            rows = order[offset : offset + config.batch_size]
            self.step = step
            if self._changed(self.hook.before(step)):
                self.model.train()
            if len(rows) == 1 and per_epoch > 1:
                continue  # batch norm has no variance over one image
            images, target = self._batch(rows, moves), labels[rows].to(self.device)
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(step, per_epoch, config)
            with autocast(self.precision, self.device):
                logits = self.model(images)
            loss = F.cross_entropy(logits.float(), target, label_smoothing=config.label_smoothing)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if not self._changed(self.hook.gradients(step)):
                self._mask_gradients()
                self.optimizer.step()
            total_loss += loss.detach() * len(rows)
            right += (logits.detach().argmax(1) == target).sum()
            seen += len(rows)
            self.ended = self.hook.after(step)
            if step % CHECK_EVERY == 0 or step == last - 1 or self.ended:
                self._check(total_loss, step, epoch)
            if self.ended:
                break
        if seen == 0:  # only the one image that is passed over
            return math.nan, math.nan
        return float(total_loss) / seen, float(right) / seen

    def _check(self, loss: Tensor, step: int, epoch: int) -> None:
        if not math.isfinite(float(loss)):
            raise UserError(
                f"The training loss is not finite by iteration {step} (epoch {epoch + 1}); "
                f'a learning rate below {self.config.lr:g}, a longer warm-up or precision = "float32" may help.'
            )

    def _batch(self, rows: Tensor, moves: Moves | None) -> Tensor:
        images = self.data.train.images[rows]
        if moves is not None:
            images = moves.apply(images, rows)
        return as_input(normalise(images, self.data.mean, self.data.std), self.device, self.macs)


def make_optimizer(model: nn.Module, config: Training) -> torch.optim.Optimizer:
    """SGD with momentum or AdamW. Biases and normalisation parameters are not decayed."""
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=config.lr, foreach=True)
    return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, foreach=True)


def accuracy(model: nn.Module, data: Dataset, split: Split, device: torch.device, precision: str, macs: int) -> float:
    """Fraction of a split that the network gets right, in evaluation mode."""
    return evaluate(model, data, split, device, precision, macs)[0]


def evaluation_batch(shape: tuple[int, int, int]) -> int:
    """How many images of `shape` (C, H, W) are evaluated at once: by their size alone, never by the memory there is."""
    return max(1, min(EVALUATION_BATCH, EVALUATION_BATCH * 64 * 64 // (shape[1] * shape[2])))


def evaluate(
    model: nn.Module, data: Dataset, split: Split, device: torch.device, precision: str, macs: int
) -> tuple[float, float]:
    """Accuracy on a split, in [0, 1], and the mean cross-entropy in nats, in evaluation mode."""
    was_training = model.training
    model.eval()
    right, loss = 0, 0.0
    size = evaluation_batch(data.shape)
    with torch.inference_mode():
        for begin in range(0, len(split.labels), size):
            images = normalise(split.images[begin : begin + size], data.mean, data.std)
            labels = split.labels[begin : begin + size]
            with autocast(precision, device):
                logits = model(as_input(images, device, macs))
            logits = logits.float().cpu()
            right += int((logits.argmax(1) == labels).sum())
            loss += float(F.cross_entropy(logits, labels, reduction="sum"))
    model.train(was_training)
    return right / len(split.labels), loss / len(split.labels)
