"""Attention with fewer heads: what `nn.MultiheadAttention` computes when some of its heads add nothing."""

import operator

import torch.nn.functional as F
from torch import Tensor, fx, nn

from pruning.graph.tracing import module_of, shared_modules


class FewerHeads(nn.Module):
    """Self- or cross-attention with some of the heads of another, whose parameters have the same names.

    Args:
        whole: attention whose queries, keys and values have its own width, without added keys.
        heads: which of its heads are kept, bool [heads], one at least.
    """

    def __init__(self, whole: nn.MultiheadAttention, heads: Tensor) -> None:
        super().__init__()
        rows = heads.repeat_interleave(whole.head_dim)
        joint = rows.repeat(3)
        self.num_heads, self.batch_first = int(heads.sum()), whole.batch_first
        assert whole.in_proj_weight is not None
        self.in_proj_weight = nn.Parameter(whole.in_proj_weight.detach()[joint].clone())
        bias = whole.in_proj_bias
        self.in_proj_bias = None if bias is None else nn.Parameter(bias.detach()[joint].clone())
        self.out_proj = nn.Linear(int(rows.sum()), whole.embed_dim, bias=whole.out_proj.bias is not None)
        self.out_proj.weight = nn.Parameter(whole.out_proj.weight.detach()[:, rows].clone())
        if whole.out_proj.bias is not None:
            self.out_proj.bias = nn.Parameter(whole.out_proj.bias.detach().clone())

    def forward(self, query: Tensor, key: Tensor, value: Tensor, **_: bool) -> tuple[Tensor, None]:
        """Tokens [N, T, D] (or [T, N, D], as the whole one takes them) to tokens; no weights of attention."""
        weights = self.in_proj_weight.chunk(3)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        read = [
            F.linear(each, *pair)
            for each, pair in zip((query, key, value), zip(weights, biases, strict=True), strict=True)
        ]
        if not self.batch_first:
            read = [each.transpose(0, 1) for each in read]
        split = [each.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for each in read]
        mixed = F.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)
        result: Tensor = self.out_proj(mixed if self.batch_first else mixed.transpose(0, 1))
        return result, None


def leave_out_heads(graph: fx.GraphModule) -> bool:
    """Put attention with fewer heads in the place of attention some of whose heads are not read.

    A head is not read when its columns of the output projection are zero. Where all heads are, one is kept. What is
    called with a mask, or whose weights of attention are used, stays as it is.

    Args:
        graph: a traced network with pruned weights at zero; changed in place.

    Returns:
        whether any head was left out.
    """
    shared, found = shared_modules(graph), False
    for node in graph.graph.nodes:
        module = module_of(graph, node)
        if not isinstance(module, nn.MultiheadAttention) or str(node.target) in shared or not _is_plain(node, module):
            continue
        read = module.out_proj.weight.detach().unflatten(1, (module.num_heads, -1)).ne(0).any(dim=2).any(dim=0)
        if not bool(read.any()):
            read[0] = True
        if not bool(read.all()):
            graph.set_submodule(
                str(node.target), FewerHeads(module, read).to(module.out_proj.weight.dtype).train(module.training)
            )
            found = True
    return found


def _is_plain(node: fx.Node, module: nn.MultiheadAttention) -> bool:
    """Whether all that matters of a call is its queries, keys and values, and all that is used its output."""
    # `x, _ = attention(...)` takes the second output too, and nobody reads it
    outputs = all(user.target is operator.getitem and (user.args[1] == 0 or not user.users) for user in node.users)
    said = set(node.kwargs) <= {"need_weights", "average_attn_weights"} and len(node.args) == 3
    own = module.in_proj_weight is not None and module.bias_k is None and not module.add_zero_attn
    return outputs and said and own
