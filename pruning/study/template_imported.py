"""The study.toml that an import writes: ways to prune a trained network, sized for a laptop."""

import json
import textwrap

from pruning.criteria import CRITERIA
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.template import commented, prunes
from pruning.tasks import get_task

TEMPLATE = """\
# A study of imported weights. `make study STUDY={path}` finds the tickets and measures them; run it
# again after a change, and only what is new is done.
title = {title}
description = {description}
model = {model}
{classifier}{task}data = {data}
seeds = [0]  # more repetitions give intervals over seeds: [0, 1, 2]
sparsities = {sparsities}  # fraction of the weights removed

[start]  # the imported weights, in imports/, and the normalisation they expect
weights = "{weights}"
mean = {mean}
std = {std}
sparsity = {came}  # as they came

[training]  # of the methods that train through a whole schedule: lrr, gmp; lengths in epochs
epochs = {long:g}
batch_size = 64
{rates}
warmup_epochs = {warmup:g}
log_every = {log:g}

[finetune]  # of the others; about {visits:,} images, more is better
epochs = {short:g}
lr = {rate}

# The imported network is always there. One [[method]] each way to prune it:

{criteria}# Take out the # of what else you want to see:
{finders}
# [[method]]
# criterion = "magnitude"
# structure = "2:4"     # two of four weights; sparsity is 50 %
# name = "magnitude 2:4"
# sparsities = [0.5]
#
# [[method]]
# criterion = "magnitude"
# structure = "filter"  # whole filters: the network gets smaller and faster
# name = "magnitude filters"
# sparsities = [0.3, 0.5]
#
# [[method]]
# criterion = "wanda"
{more}

[analysis]
families = ["cifar_c"]
corruptions = "all"
severities = [3]  # of 1 to 5; more take longer
samples = {samples}  # test images used
"""

VISITS = 5_000
"""How many images the suggested fine-tuning shows: under a quarter of a minute for a ResNet-20 on two cores."""
SPARSITIES = (0.5, 0.8, 0.9)
SAMPLES = 1000


def imported_study(path: str, name: str, file: str, recipe: Recipe, images: int, tested: int) -> str:
    """The text of a study of the recipe's start, which came from `file`.

    It is sized for `images` training and `tested` test images.
    """
    start, task = recipe.start, get_task(recipe.task)
    assert start is not None  # it was imported
    short = _epochs(images)
    sparsities = [level for level in SPARSITIES if level > start.sparsity] or [round((1 + start.sparsity) / 2, 4)]
    return TEMPLATE.format(
        path=path,
        title=json.dumps(name, ensure_ascii=False),
        description=json.dumps(f"The weights of {file}, pruned in several ways.", ensure_ascii=False),
        model=json.dumps(recipe.model, ensure_ascii=False),
        classifier=f"classifier = {json.dumps(recipe.classifier, ensure_ascii=False)}\n" if recipe.classifier else "",
        task=f"task = {json.dumps(recipe.task, ensure_ascii=False)}\n" if recipe.task else "",
        data=json.dumps(recipe.data, ensure_ascii=False),
        sparsities=sparsities,
        weights=start.weights,
        mean=list(start.mean),
        std=list(start.std),
        came=start.sparsity,
        long=2 * short,
        warmup=short / 5,
        log=short / 2,
        short=short,
        rates="lr = 0.05" if task.classifies_images else 'optimizer = "adamw"\nlr = 0.001\nweight_decay = 0',
        rate=0.01 if task.classifies_images else 0.001,
        visits=round(short * images),
        samples=min(SAMPLES, tested),
        criteria="".join(
            f'[[method]]\ncriterion = "{name}"\n\n'
            for name in CRITERIA
            if CRITERIA[name].structure is None
            and CRITERIA[name].in_templates
            and (task.feed_forward or name != "synflow")
        ),
        more=_more(),
        finders=commented(finder for finder in FINDERS.values() if prunes(finder, start)),
    )


def _more() -> str:
    """The criteria that are not written out, as a comment."""
    names = [name for name, each in CRITERIA.items() if not each.in_templates and each.structure is None]
    return textwrap.fill(f"one of: {', '.join(names)}", 100, initial_indent="# # ", subsequent_indent="# # ")


def _epochs(images: int) -> float:
    """Epochs to two digits that show about `VISITS` images, five at most."""
    return float(f"{min(5.0, VISITS / images):.2g}")
