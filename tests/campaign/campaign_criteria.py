"""Every criterion on large networks of several families: weights, 2:4 and filters; exact counts or a sentence.

Small images, as the layers are the same; what is looked for are tracebacks, counts that are not those asked for, and
networks that are changed by being scored. `timm` networks are tried where that package is installed.
"""

import copy
import random
from importlib.util import find_spec
from itertools import product

import torch
from torch import nn

from pruning.criteria import CRITERIA, Context
from pruning.criteria.rounds import Cut, cut_by_score
from pruning.errors import UserError
from pruning.masks import counts, full_masks
from pruning.models import build_model, prunable
from pruning.training.precision import settled
from tests.campaign.tally import FAILED, SILENT, TRACEBACK, Tally

NETWORKS = {
    "torchvision/resnet50": 64,
    "torchvision/convnext_tiny": 64,
    "torchvision/swin_t": 64,
    "torchvision/vit_b_16": 224,
    **({"timm/resnet18": 64, "timm/vit_tiny_patch16_224": 224} if find_spec("timm") else {}),
}
"""Network -> pixels a side."""
STRUCTURES = {"weight": 0.5, "2:4": 0.5, "filter": 0.2}
CLASSES, IMAGES, STEPS = 10, 2, 2
SHARE = 0.1


def run(count: int, seed: int, tally: Tally) -> None:
    """Try `count` combinations of network, criterion and granularity, drawn from all there are."""
    built: dict[str, nn.Module] = {}
    for network, criterion, structure in _drawn(count, seed):
        if network not in built:
            built = {network: build_model(network, CLASSES, (3, NETWORKS[network], NETWORKS[network]), seed)}
        tally.tried += 1
        one(built[network], NETWORKS[network], criterion, structure, seed, tally, f"{criterion} {structure} {network}")


def _drawn(count: int, seed: int) -> list[tuple[str, str, str]]:
    """So many combinations that can be, one network after another."""
    asked = [each for each in product(NETWORKS, CRITERIA, STRUCTURES)
             if CRITERIA[each[1]].structure in (None, each[2])]  # fmt: skip
    chosen = random.Random(seed).sample(range(len(asked)), min(count, len(asked)))
    return [asked[place] for place in sorted(chosen)]


def one(model: nn.Module, pixels: int, name: str, structure: str, seed: int, tally: Tally, words: str) -> None:
    """Prune a copy of the network, and count."""
    source = torch.Generator().manual_seed(seed)
    data = [(torch.randn(IMAGES, 3, pixels, pixels, generator=source), torch.arange(IMAGES))]
    criterion, twin = CRITERIA[name], copy.deepcopy(model)
    stepwise = {"score_rounds": STEPS} if "score_rounds" in criterion.options.model_fields else {}
    context = Context(data, source, full_masks(prunable(twin)), structure=structure)
    context.options = criterion.options(**stepwise)
    rounds = 1 if criterion.steps(context.options) == 1 else STEPS
    try:
        with settled(0):
            masks = cut_by_score(twin, criterion, context, Cut(STRUCTURES[structure], rounds=rounds, ties=source))
    except UserError as error:
        if "\n" in str(error):
            tally.count(FAILED, f"{words}: {error}")
        return
    except Exception as error:  # whatever it is, it is what is looked for
        tally.count(TRACEBACK, f"{words}: {type(error).__name__}: {error}")
        return
    kept, total = counts(masks)
    gone, most = total - kept, round(STRUCTURES[structure] * total)
    if gone > most or (structure == "weight" and gone != most):
        tally.count(SILENT, f"{words}: {gone} of {most} went")
    changed = [key for key, value in twin.state_dict().items() if key not in masks
               and not torch.equal(value, model.state_dict()[key])]  # fmt: skip
    if changed:
        tally.count(SILENT, f"{words}: scoring changed {changed[0]}")
