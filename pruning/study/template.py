"""The study.toml that `init` writes: every choice that there is, with a word on each."""

import json
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from pruning import data as data_sets
from pruning import models
from pruning.allocation import ALLOCATIONS
from pruning.checkpoints.imported_weights import Start
from pruning.criteria import CRITERIA
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.finders.options import Control, ScoredPieces
from pruning.granularity import granularity_names
from pruning.procedure import FINDERS, Procedure
from pruning.recipe import Recipe
from pruning.study.folder import TOML
from pruning.tasks import TASKS, get_task
from pruning.training.config import Training
from pruning.validation import checked, option_words

TEMPLATE = """\
# A study: one network, many ways to prune it. `make study STUDY={path}` finds the tickets and measures them;
# run it again after a change, and only what is new is done.
title = "{title}"
description = "What this study is to find out, in a sentence or two; the Overview page shows it."
{models}
model = "{model}"
{data_sets}
data = "{data}"
{task}seeds = [0, 1, 2]  # repetitions, from which the intervals come
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
criterion = "random"
{criteria}
# allocation = "global"  # how the sparsity is shared out
{allocations}
# structure = "weight"   # what goes as one piece,
{structures}

[[method]]
criterion = "magnitude"  # scored on the trained network, then fine-tuned

[[method]]
criterion = "snip"  # scored at initialisation, then trained
# score_per_class = 25  # training images of each class that it looks at
# score_batch = 250     # of them at once: less takes less memory, and scores otherwise where there is batch norm

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

# Take out the # of what else you want to see; what is left out of a method is as it stands here.
{finders}
[analysis]
families = ["cifar_c"]  # and "mnist_c", "c_bar", "cifar_c_bar", "fourier", "adversarial"
corruptions = "all"
severities = [1, 2, 3, 4, 5]
"""


def write_template(folder: Path, model: str, data: str, task: str | None = None) -> Path:
    """Write `folder/study.toml`. Raises UserError when there is one already, or no such task."""
    path = folder / TOML
    words = "" if task is None else f"task = {json.dumps(task)}  # {get_task(task).label}; {_other_tasks(task)}\n"
    if path.exists():
        raise UserError(f"{path} is there already; choose another folder.")
    text = TEMPLATE.format(
        path=path,
        title=f"{model} on {data}",
        model=model,
        data=data,
        task=words,
        models=_listed(models.choices()),
        data_sets=_listed(data_sets.choices()),
        criteria=_listed(CRITERIA),
        allocations=_listed(ALLOCATIONS),
        structures=_listed(granularity_names()),
        finders=commented(
            finder
            for finder in sorted(FINDERS.values(), key=lambda each: issubclass(each.options, Control))
            if f'finder = "{finder.name}"' not in TEMPLATE and prunes(finder)  # what is made of others, below them
        ),
    )
    write_atomically(path, text)
    return path


def _other_tasks(task: str) -> str:
    """What there is beside a task."""
    others = [name for name in TASKS if name != task]
    return f"or {', '.join(others)}, or a file of your own"


def _listed(names: Iterable[str]) -> str:
    text = f"one of: {', '.join(names)}"
    return textwrap.fill(text, 118, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def prunes(finder: Procedure, start: Start | None = None) -> bool:
    """Whether the finder prunes by another way than once by a criterion; or is a control, where nothing is imported."""
    if issubclass(finder.options, Control):
        return start is None
    common = {"model": "", "data": "", "finder": finder.name, "start": start}
    for sparsity in ({"sparsity": 0.99}, {}):  # N:M has one of its own
        try:
            recipe = checked(Recipe, common | sparsity)
            break
        except UserError:
            continue
    else:
        return False
    return not finder.trains_nothing(recipe) and not finder.is_dense


def commented(finders: Iterable[Procedure]) -> str:
    """Return a method for each finder, commented out, with every option it has of its own."""
    return "\n".join("\n".join(f"# {line}" for line in _method(finder)) + "\n#" for finder in finders)


def _method(finder: Procedure) -> Iterator[str]:
    yield "[[method]]"
    yield f'finder = "{finder.name}"  # {finder.words}'
    if finder.beside:
        yield finder.beside
    shared = ScoredPieces.model_fields.keys() | {"finetune", "rewind"}
    for name, field in finder.options.model_fields.items():
        words, part_of = option_words(field)
        title = (field.title or name) + (f", of {part_of}" if part_of else "")
        title += f": {', '.join(words) if len(words) > 1 else field.description}" if words or field.description else ""
        if isinstance(field.default, Training):
            yield f"{name} = {{ epochs = {field.default.epochs:g} }}  # {title}"
        elif issubclass(finder.options, Control) and name == "of":
            yield f'{name} = "imp"  # {title}'
        elif name not in shared and field.default is not None and not field.is_required():
            yield f"{name} = {json.dumps(field.default)}  # {title}"
