"""The networks of Grokking Tickets (arXiv 2310.19470) for modular arithmetic: an MLP and a transformer of one layer.

They take two tokens as one-hot rows, images [N, 1, 2, P]. The embedding is a linear layer without a bias, so it can be
pruned. There is no bias, norm or position anywhere, as in the published code. Weights start as there, normal with
deviation 1 / sqrt(inputs).

What comes before the tokens meet depends on each token alone. For one-hot rows it is a table with a row a token, made
once a batch, in which the pairs are looked up. This is the same function and many times cheaper. Other inputs, such as
the images of ones that SynFlow shows, go through the layers one by one.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models.base import Architecture


def tokens_of(x: Tensor) -> Tensor | None:
    """The tokens int64 [N, 2] of one-hot rows [N, 1, 2, P], or of tokens.

    None where they are no such thing, need a gradient, or stand for any input while torch.fx traces the network.
    """
    if not isinstance(x, Tensor) or x.requires_grad:
        return None
    if x.ndim == 2:  # they have been found before
        return x
    rows = x[:, 0]
    numbers = torch.arange(rows.shape[-1], dtype=rows.dtype, device=rows.device)
    tokens = (rows @ numbers).nan_to_num_().long().clamp_(0, rows.shape[-1] - 1)
    ones = rows.gather(-1, tokens[..., None]) == 1
    return tokens if bool(ones.all() & (rows.count_nonzero() == tokens.numel())) else None


class TokenNet(nn.Module):
    """A network of two tokens: `paired` for one-hot rows, `layered` for others. They are the same function."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        if shape[:2] != (1, 2):
            raise UserError(
                f"Networks for modular arithmetic take two tokens as rows, images of 1x2xP, and these are "
                f"{'x'.join(map(str, shape))}; give data such as modular:add:67:0.4, or take another network."
            )

    def forward(self, x: Tensor) -> Tensor:
        """Pairs of tokens [N, 1, 2, P], or as `compact_inputs` gives them, to logits [N, K]."""
        tokens = tokens_of(x)
        return self.layered(x[:, 0]) if tokens is None else self.paired(*tokens.unbind(1))

    def compact_inputs(self, inputs: Tensor) -> Tensor | None:
        """The tokens int64 [N, 2] of one-hot rows [N, 1, 2, P], None of others."""
        return tokens_of(inputs)

    def layered(self, rows: Tensor) -> Tensor:
        """Rows [N, 2, P] to logits [N, K]."""
        raise NotImplementedError

    def paired(self, first: Tensor, second: Tensor) -> Tensor:
        """Tokens int64 [N] and [N] to logits [N, K]."""
        raise NotImplementedError

    def token_weights(self) -> Tensor:
        """The weight of each hidden neuron over the token, [neurons, P]."""
        raise NotImplementedError


class ModularMLP(TokenNet):
    """Tokens are embedded, added up, and go through one hidden layer: U O relu(I (E a + E b)).

    With an embedding of 128 and 128 neurons and P = 67 it has 49,920 weights; with the paper's 500 and 48, 115,000.
    """

    def __init__(self, embedding: int, neurons: int, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__(shape)
        self.embed = nn.Linear(shape[2], embedding, bias=False)
        self.inner = nn.Linear(embedding, neurons, bias=False)
        self.outer = nn.Linear(neurons, embedding, bias=False)
        self.unembed = nn.Linear(embedding, num_classes, bias=False)
        _start(self)

    def layered(self, rows: Tensor) -> Tensor:
        """Rows [N, 2, P] to logits [N, K]."""
        hidden = self.inner(self.embed(rows.sum(1))).relu()
        logits: Tensor = self.unembed(self.outer(hidden))
        return logits

    def paired(self, first: Tensor, second: Tensor) -> Tensor:
        """Tokens int64 [N] and [N] to logits [N, K]."""
        table = self.embed.weight.T @ self.inner.weight.T  # its rows lie together, so they are looked up fast
        hidden = (F.embedding(first, table) + F.embedding(second, table)).relu_()
        return F.linear(hidden, self.unembed.weight @ self.outer.weight)

    def token_weights(self) -> Tensor:
        """The weight of each hidden neuron over the token, I E [neurons, P]."""
        return self.inner.weight @ self.embed.weight


class ModularTransformer(TokenNet):
    """One block of attention with one head and an MLP, both added to the stream; the last token gives the logits.

    The first token sees itself alone, so nothing is read from it but its keys and values. Of width 128 and
    with P = 67 it has 115,456 weights.
    """

    def __init__(self, width: int, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__(shape)
        self.embed = nn.Linear(shape[2], width, bias=False)
        self.key, self.query, self.value, self.out, self.inner, self.outer = (
            nn.Linear(width, width, bias=False) for _ in range(6)
        )
        self.unembed = nn.Linear(width, num_classes, bias=False)
        self.scale = width**-0.5
        _start(self)

    def layered(self, rows: Tensor) -> Tensor:
        """Rows [N, 2, P] to logits [N, K]."""
        tokens = self.embed(rows)
        last = tokens[:, 1]
        scores = (self.key(tokens) @ self.query(last)[:, :, None]).squeeze(2) * self.scale
        seen = (torch.softmax(scores, dim=1)[:, None] @ self.value(tokens)).squeeze(1)
        stream = last + self.out(seen)
        logits: Tensor = self.unembed(stream + self.outer(self.inner(stream).relu()))
        return logits

    def paired(self, first: Tensor, second: Tensor) -> Tensor:
        """Tokens int64 [N] and [N] to logits [N, K]."""
        embedded = self.embed.weight.T
        moved = self.out(self.value(embedded))
        # how much more a query, the row, attends to a token than to its own
        scores = self.query(embedded) @ self.key(embedded).T
        ahead = (scores - scores.diagonal()[:, None]) * self.scale
        share = ahead.flatten()[second * len(ahead) + first].sigmoid()[:, None]
        # what the neurons and the logits read from the stream, of the last token and of what attention adds
        readers = torch.cat([self.inner.weight, self.unembed.weight]).T
        own, added = embedded @ readers, moved @ readers
        stream = F.embedding(second, own + added)
        stream = stream + share * (F.embedding(first, added) - F.embedding(second, added))
        hidden, direct = stream.split([len(self.inner.weight), len(self.unembed.weight)], dim=1)
        logits: Tensor = direct + F.linear(hidden.relu(), self.unembed.weight @ self.outer.weight)
        return logits

    def token_weights(self) -> Tensor:
        """The weight of each hidden neuron over the last token itself, W_in E [neurons, P]."""
        return self.inner.weight @ self.embed.weight


def _start(model: nn.Module) -> None:
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)


MODELS = [
    Architecture("modular_mlp", partial(ModularMLP, 128, 128), classifies_images=False),
    Architecture("modular_mlp_500", partial(ModularMLP, 500, 48), classifies_images=False),
    Architecture("modular_transformer", partial(ModularTransformer, 128), classifies_images=False),
]
