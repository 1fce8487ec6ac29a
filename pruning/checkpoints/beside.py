"""What training programs keep in a state dict beside the network: losses, metrics, averaged copies, observers."""

import re

from pruning.checkpoints.contents import View
from pruning.checkpoints.source import Source, listed

Views = dict[str, View]
_MAIN = {"model", "net", "network", "module", "backbone", "student", "online", "_orig_mod"}
_COPY = re.compile(
    r"(\w+_)?(ema|swa|averaged|teacher|shadow)(_\w+)?|(target|momentum)_(model|net|network|encoder|backbone)"
)
_LOSS = re.compile(r"(criterion|criteria|loss(es)?|(\w+_)?loss(_fn|_func|_function|_module)?)")
_METRIC = re.compile(
    r"((train|training|val|valid|validation|test)_?)?"
    r"(acc|accuracy|top_?[15]|f1(_?score)?|precision|recall|auroc|auc|confusion_?matrix|confmat|metrics?|ece|mean_loss)"
    r"(_?(metrics?|top_?[15]|score|[15]))?"
)
_OBSERVER = re.compile(r"(.*\.)?(weight_fake_quant|activation_post_process(_\d+)?|\w*_?observer)\..*")
_KINDS = (("losses", _LOSS), ("metrics", _METRIC))


def without_beside(views: Views, notes: list[str]) -> Views:
    """The tensors of the network; what else there is by its names is left out and said."""
    groups = {name: _group(name) for name in views}
    # A network of one such part only is the network
    main = {g for g in groups.values() if g and not _LOSS.fullmatch(g) and not _METRIC.fullmatch(g)}
    left: dict[str, str] = {}
    for name, group in groups.items():
        for what, pattern in _KINDS:
            if main and group and pattern.fullmatch(group):
                left[name] = what
        if group not in _MAIN and _COPY.fullmatch(group) and (main & _MAIN or _repeats(group, views)):
            left[name] = "copies"
        if _OBSERVER.fullmatch(name):
            left[name] = "observers of quantisation"
    for what in dict.fromkeys(left.values()):
        parts = [f"{part}." for part in dict.fromkeys(groups[name] for name, kind in left.items() if kind == what)]
        if what == "copies":
            notes.append(f"Copies of the network were left out: {listed(parts)}; --prefix {parts[0]} takes one.")
        else:
            count = sum(kind == what for kind in left.values())
            notes.append(f"Left out: {count} tensors of {what} ({listed(parts)}).")
    return {name: view for name, view in views.items() if name not in left}


def _repeats(group: str, views: Views) -> bool:
    """Whether all names of a part of the network are, behind the part's, those of others, with the same shapes."""
    for name, view in views.items():
        if name.startswith(f"{group}."):
            rest = name.removeprefix(f"{group}.")
            others = (views.get(rest), views.get(rest.removeprefix("module.")))
            if not any(other and other.shape == view.shape for other in others):
                return False
    return True


def _group(name: str) -> str:
    return name.partition(".")[0] if "." in name else ""


def below(source: Source, views: Views, prefix: str, notes: list[str]) -> Views:
    """The tensors whose names begin with the prefix that the user gives, by the rest of their names.

    Raises:
        UserError: there are none.
    """
    found = {name.removeprefix(prefix): view for name, view in views.items() if name.startswith(prefix)}
    if not found or "" in found:
        starts = [f"{part}." for part in dict.fromkeys(map(_group, views)) if part]
        raise source.error(f"no names in it begin with '{prefix}'", f"give another --prefix ({listed(starts, 8)})")
    notes.append(f"The {len(found)} tensors whose names begin with '{prefix}' were taken, {len(views)} in all.")
    return found


_SIGNS = (
    (re.compile(r"(.*\.)?(qweight|qzeros)"), "GPTQ's or AWQ's quantised weights"),
    (re.compile(r"(.*\.)?(SCB|weight_format|weight\.(absmax|quant_map|quant_state\..*))"), "bitsandbytes's weights"),
    (re.compile(r"(.*\.)?_packed_params(\..*)?"), "the weights of a quantised network of torch"),
    (re.compile(r"(.*\.)?(weight_scale(_inv)?|weight_zero_point)"), "quantised weights with their scales"),
)


def refuse_quantised(source: Source, names: list[str]) -> None:
    """Raise UserError where names tell that the weights are quantised, saying whose they are."""
    for pattern, what in _SIGNS:
        name = next((name for name in names if pattern.fullmatch(name)), None)
        if name is not None:
            raise source.error(
                f"it holds {what} ('{name}'), which are whole numbers and scales",
                "give the weights they were made from, as float32",
            )
    scaled = [name for name in names if name.endswith(".zero_point") and f"{name[:-11]}.scale" in names]
    if scaled:
        raise source.error(
            f"it is of a quantised network of torch (it has {listed(scaled, 2)})",
            "give the weights it was made from, as float32",
        )
