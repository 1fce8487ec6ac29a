"""How channels pass through each kind of operation. What has no rule here pins the channels it reads."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.dropout import _DropoutNd

from pruning.graph.facts import Channels, Facts, shape_of
from pruning.graph.tracing import is_addition, module_of

# operations on each value alone
POINTWISE_MODULES = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh,
    nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softplus, nn.Identity, _DropoutNd,
)  # fmt: skip
POINTWISE_NAMES = (
    "relu", "relu_", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "sigmoid", "tanh", "hardtanh",
    "hardswish", "hardsigmoid", "softplus", "dropout", "contiguous", "clone",
)  # fmt: skip
POOLING_MODULES = (
    nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
)  # fmt: skip
POOLING_NAMES = ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "boolean_dispatch")
RESHAPING = ("flatten", "view", "reshape")


def name_of(node: fx.Node) -> str:
    """The name of the function or method that a node calls, '' for others."""
    if node.op == "call_function":
        return str(getattr(node.target, "__name__", ""))
    return str(node.target) if node.op == "call_method" else ""


def walk(graph: fx.GraphModule, shared: set[str]) -> Facts:
    """Apply the rules to every node in order; modules in `shared` are called more than once and change nothing."""
    facts = Facts()
    for node in graph.graph.nodes:
        module = module_of(graph, node)
        rule = None if str(node.target) in shared else _rule(node, module)
        if rule is None or not rule(facts, node, module):
            facts.pin(*node.all_input_nodes) if not _reads_shape_only(node) else None
    facts.settle()
    return facts


Rule = Callable[[Facts, fx.Node, Any], bool]  # False: not the case that the rule is for


def _rule(node: fx.Node, module: nn.Module | None) -> Rule | None:
    if module is not None:
        for kinds, rule in _MODULE_RULES:
            if isinstance(module, kinds):
                return rule
        return None
    if "axis" in node.meta:
        return _held
    if is_addition(node):
        return _add
    return _NAMED_RULES.get(name_of(node))


def _reads_shape_only(node: fx.Node) -> bool:
    return name_of(node) in ("size", "dim") or (
        node.op == "call_function" and node.target is getattr and node.args[1] in ("shape", "ndim", "device", "dtype")
    )


def _input(facts: Facts, node: fx.Node) -> Channels | None:
    first = node.args[0] if node.args else None
    return facts.channels.get(first) if isinstance(first, fx.Node) else None


def _hand_on(facts: Facts, node: fx.Node, axis: int, ids: Tensor, values: Tensor) -> bool:
    facts.channels[node] = Channels(axis, ids, values)
    return True


def foldable(layer: nn.Module) -> bool:
    """Whether a constant channel reaches every output of the layer as the same constant: there is no zero padding."""
    if not isinstance(layer, _ConvNd):
        return True
    padding = layer.padding
    padded = padding == "same" if isinstance(padding, str) else any(padding)
    return not padded or layer.padding_mode != "zeros"


def _weighted(facts: Facts, node: fx.Node, layer: Any) -> bool:
    """Convolution and linear layer: the input's channels are read, the output's are new."""
    source, shape = _input(facts, node), shape_of(node)
    if isinstance(layer, _ConvTransposeNd) or shape is None:
        return False
    axis = len(shape) - 1 if isinstance(layer, nn.Linear) else len(shape) - layer.weight.ndim + 1
    groups = getattr(layer, "groups", 1)
    bias = layer.bias.detach() if layer.bias is not None else torch.zeros(layer.weight.shape[0]).double()
    silent = ~(layer.weight.detach() != 0).flatten(1).any(dim=1)
    if groups == 1:
        if source is not None and source.axis == axis:
            facts.sinks.append((node, source))
        else:
            facts.pin(node.args[0])
        values = torch.where(silent, bias.double(), torch.nan)
        return _hand_on(facts, node, axis, facts.fresh(layer.weight.shape[0]), values)
    if source is None or source.axis != axis or not (groups == layer.in_channels == layer.out_channels):
        return False
    # depthwise: each channel is its own
    passed = bias + source.values * layer.weight.detach().flatten(1).sum(dim=1)
    known = passed if foldable(layer) else torch.where(source.values == 0, bias, torch.nan)
    return _hand_on(facts, node, axis, source.ids, torch.where(silent, bias, known))


def _norm(facts: Facts, node: fx.Node, norm: Any) -> bool:
    source = _input(facts, node)
    if source is None or source.axis != 1 or norm.running_mean is None:
        return False
    scale = torch.rsqrt(norm.running_var + norm.eps)
    weight = norm.weight.detach() if norm.affine else torch.ones_like(scale)
    bias = norm.bias.detach() if norm.affine else torch.zeros_like(scale)
    values = (source.values - norm.running_mean) * scale * weight + bias
    return _hand_on(facts, node, 1, source.ids, torch.where(weight == 0, bias, values))


def _pointwise(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    source = _input(facts, node)
    if source is None or len(node.all_input_nodes) != 1:
        return False
    known = source.values.nan_to_num()
    rest: dict[str, Any] = dict(node.kwargs)
    if module is not None:
        result = module(known)
    elif node.op == "call_method":
        result = getattr(known.clone(), str(node.target))(*node.args[1:], **rest)
    else:
        assert callable(node.target)
        result = node.target(known.clone(), *node.args[1:], **rest)
    return _hand_on(facts, node, source.axis, source.ids, torch.where(source.values.isnan(), torch.nan, result))


def _dropped(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    """Stochastic depth is the identity when it is not training."""
    source = _input(facts, node)
    training = node.kwargs.get("training", node.args[3] if len(node.args) > 3 else True)
    return source is not None and not training and _hand_on(facts, node, source.axis, source.ids, source.values)


def _pool(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    source, shape = _input(facts, node), shape_of(node)
    if source is None or shape is None or source.axis != 1:
        return False
    # an average over padding is not constant at the borders, unless it is zero
    padded = isinstance(module, (nn.AvgPool1d, nn.AvgPool2d)) and bool(torch.tensor(module.padding).any())
    padded |= module is None and "avg_pool2d" in name_of(node) and "adaptive" not in name_of(node)
    values = torch.where(source.values == 0, 0.0, torch.nan) if padded else source.values
    return _hand_on(facts, node, 1, source.ids, values)


def _mean(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    source, before = _input(facts, node), shape_of(node.args[0])
    dims = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
    if source is None or before is None or dims is None:
        return False
    listed: list[Any] = [dims] if isinstance(dims, int) else list(dims)  # type: ignore[arg-type]
    gone: set[int] = {int(dim) % len(before) for dim in listed}
    shape = shape_of(node)
    if source.axis in gone or shape is None:
        return False
    axis = source.axis if len(shape) == len(before) else source.axis - sum(dim < source.axis for dim in gone)
    return _hand_on(facts, node, axis, source.ids, source.values)


def _flatten(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    """[N, C, *S] to [N, C x S]: every channel becomes as many as it has places."""
    source, before, after = _input(facts, node), shape_of(node.args[0]), shape_of(node)
    if source is None or before is None or after is None or source.axis != 1:
        return False
    if len(after) != 2 or after[0] != before[0] or after[1] != before[1:].numel():
        return False
    places = before[2:].numel()
    ids, values = source.ids.repeat_interleave(places), source.values.repeat_interleave(places)
    node.meta["flattens"] = True
    return _hand_on(facts, node, 1, ids, values)


def _pair(facts: Facts, node: fx.Node) -> tuple[Channels, Channels] | None:
    """The two operands, when both have channels in the same dimension; their classes are joined then."""
    if len(node.args) != 2 or not all(isinstance(each, fx.Node) for each in node.args):
        return None
    first, second = (facts.channels.get(each) for each in node.args)  # type: ignore[arg-type]
    shapes = [shape_of(each) for each in node.args]
    if first is None or second is None or shapes[0] is None or shapes[1] is None:
        return None
    if len(shapes[0]) != len(shapes[1]) or first.axis != second.axis or len(first.ids) != len(second.ids):
        return None
    facts.join(first.ids, second.ids)
    return first, second


def _held(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    """What was left of a branch that was constant: [1, C, 1, 1], its values handled as varying, to be kept."""
    shape = shape_of(node)
    assert shape is not None
    axis, count = node.meta["axis"], int(shape.numel())
    return _hand_on(facts, node, axis, facts.fresh(count), torch.full((count,), torch.nan, dtype=torch.float64))


def _add(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    pair = _pair(facts, node) if not node.kwargs else None
    if pair is None:
        return False
    return _hand_on(facts, node, pair[0].axis, pair[0].ids, pair[0].values + pair[1].values)


def _mul(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    pair = _pair(facts, node)
    if pair is None:
        return False
    zero = (pair[0].values == 0) | (pair[1].values == 0)
    return _hand_on(facts, node, pair[0].axis, pair[0].ids, torch.where(zero, 0.0, pair[0].values * pair[1].values))


def _cat(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    parts, shape = node.args[0], shape_of(node)
    dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
    if not isinstance(parts, (list, tuple)) or shape is None or not isinstance(dim, int):
        return False
    found = [facts.channels.get(part) for part in parts]  # type: ignore[arg-type]
    if any(each is None or each.axis != dim % len(shape) for each in found):
        return False
    known = [each for each in found if each is not None]
    ids, values = torch.cat([each.ids for each in known]), torch.cat([each.values for each in known])
    return _hand_on(facts, node, known[0].axis, ids, values)


def _pad(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    """Constant padding: new channels before and after, and a border round every channel."""
    source, before, amounts = _input(facts, node), shape_of(node.args[0]), node.args[1] if len(node.args) > 1 else ()
    given = dict(zip(("mode", "value"), node.args[2:], strict=False)) | dict(node.kwargs)
    if given.get("mode", "constant") != "constant" or given.get("value") not in (None, 0) or "pad" in given:
        return False
    if source is None or before is None or source.axis != 1:
        return False
    if not isinstance(amounts, (list, tuple)) or not all(isinstance(each, int) and each >= 0 for each in amounts):
        return False
    full = [*amounts, *[0] * (2 * len(before) - len(amounts))]  # the last dimension comes first
    border, (left, right) = any(full[: 2 * (len(before) - 2)]), full[2 * (len(before) - 2) :][:2]
    inner = torch.where(source.values == 0, 0.0, torch.nan) if border else source.values
    ids = torch.cat([facts.fresh(left), source.ids, facts.fresh(right)])
    zeros = torch.zeros(left + right, dtype=torch.float64)
    node.meta["pads"] = (left, right)
    return _hand_on(facts, node, 1, ids, torch.cat([zeros[:left], inner, zeros[left:]]))


def _item(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    """Slices that leave the channels alone."""
    source, index = _input(facts, node), node.args[1]
    if source is None or not isinstance(index, tuple) or not all(isinstance(each, slice) for each in index):
        return False
    if len(index) > source.axis and index[source.axis] != slice(None, None, None):
        return False
    return _hand_on(facts, node, source.axis, source.ids, source.values)


def _permute(facts: Facts, node: fx.Node, module: nn.Module | None) -> bool:
    source = _input(facts, node)
    order = node.args[1] if len(node.args) == 2 else node.args[1:]
    dims = getattr(module, "dims", None) or order
    if source is None or not isinstance(dims, (list, tuple)) or not all(isinstance(each, int) for each in dims):
        return False
    axis = [int(each) % len(dims) for each in dims].index(source.axis)
    return _hand_on(facts, node, axis, source.ids, source.values)


_MODULE_RULES: tuple[tuple[Any, Rule], ...] = (
    ((_ConvNd, nn.Linear), _weighted),
    (_BatchNorm, _norm),
    (POINTWISE_MODULES, _pointwise),
    (POOLING_MODULES, _pool),
    (nn.Flatten, _flatten),
)
_NAMED_RULES: dict[str, Rule] = {
    **dict.fromkeys(POINTWISE_NAMES, _pointwise),
    **dict.fromkeys(POOLING_NAMES, _pool),
    **dict.fromkeys(RESHAPING, _flatten),
    "mean": _mean,
    "mul": _mul,
    "cat": _cat,
    "pad": _pad,
    operator.getitem.__name__: _item,
    "permute": _permute,
    "stochastic_depth": _dropped,
}
