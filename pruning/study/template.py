"""The study.toml that `init` writes: every choice, with a word on each."""

from pathlib import Path

from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.study.folder import TOML

TEMPLATE = """\
# A study: one network, many ways to prune it. `make study STUDY={path}` finds the tickets and measures them;
# run it again after a change, and only what is new is done.
title = "{title}"
description = "What this study is to find out, in a sentence or two; the Overview page shows it."
model = "{model}"    # lenet300 lenet5 conv2 conv4 conv6 resnet20/32/44/56, or torchvision/NAME
data = "{data}"  # mnist5k digits (embedded); mnist fashion-mnist cifar10 cifar100 svhn; folder:PATH
seeds = [0, 1, 2]  # repetitions, from which the intervals come
detail_seed = 0    # the seed whose per-sample results and maps are kept
sparsities = [0.5, 0.8, 0.9, 0.95]  # fraction of the weights removed

[training]  # lengths in epochs
epochs = 12
batch_size = 64
optimizer = "sgd"  # or adamw
lr = 0.05
momentum = 0.9
weight_decay = 5e-4
warmup_epochs = 1
schedule = "cosine"  # or constant
label_smoothing = 0.0
augment = "none"  # or crop, crop_flip

[finetune]  # after pruning a trained network; what is not said is as in [training]
epochs = 6
lr = 0.01

# The dense network is always there. One [[method]] each way to prune it:

[[method]]
criterion = "random"  # random magnitude snip grasp synflow taylor (cka: for structure "layer")
# allocation = "global"  # how the sparsity is shared out: global, layer, erk
# structure = "weight"   # what goes as one piece: weight, filter, block (4x4), layer (residual blocks), 2:4, 1:4, N:M

[[method]]
criterion = "magnitude"  # scored on the trained network, then fine-tuned

[[method]]
criterion = "snip"  # scored at initialisation, then trained

[[method]]
finder = "imp"  # iterative magnitude pruning with rewinding
rewind = 0      # to this iteration; 0 is the original lottery ticket
rate = 0.2      # share of the weights removed a level

[[method]]
finder = "random_reinit"  # control: the mask of `of`, new initial weights
of = "imp"

[[method]]
finder = "shuffled"  # control: the mask of `of`, shuffled within each layer
of = "imp"

# [[method]]
# finder = "early_bird"  # drawn once the mask has settled; distance = 0.1, patience = 5
# [[method]]
# finder = "rigl"        # sparse from start to end, the mask moves; or set
# [[method]]
# finder = "jackpot"     # a mask over trained weights that stay; or edge_popup, biprop (untrained), sign_supermask
# search = {{ epochs = 6 }}  # how the mask is searched for, where not as the finder does by itself
# [[method]]
# finder = "reordered"   # control: `of` under another order of the data, for the page Dynamics
# of = "imp"

[analysis]
families = ["cifar_c"]  # and "mnist_c", "fourier", "adversarial"
corruptions = "all"
severities = [1, 2, 3, 4, 5]
"""


def write_template(folder: Path, model: str, data: str) -> Path:
    """Write `folder/study.toml`. Raises UserError when there is one already."""
    path = folder / TOML
    if path.exists():
        raise UserError(f"{path} is there already; choose another folder.")
    title = f"{model} on {data}"
    text = TEMPLATE.format(path=path, title=title, model=model, data=data)
    write_atomically(path, text)
    return path
