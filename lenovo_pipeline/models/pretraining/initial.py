"""Initial weights that can already copy: a previous-token head in the first layer and matching heads in the second (an
induction circuit).

Belongs here: the structured start. Left to chance, the circuit takes thousands of steps to form on a vocabulary of 4,096;
written into the initial weights it is there at once, and training goes on from it like from any other start. The circuit is
that of Olsson et al. 2022, "In-context learning and induction heads".
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

EMBEDDING_SCALE = 0.06
_ALIKE = 0.6
_OFFSETS = 2  # how many tokens before are matched
_EARLIER = 0.8
_CONSTANT = 0.5  # one dimension of every embedding: what the previous-token head looks at, whatever the token
_SHARP = 1.2
_CARRIED = 0.1
_MATCH = 2.2
_COPIED = 1.0


def _orthonormal(rows: int, columns: int) -> "Tensor":
    import torch

    square: Any = torch.linalg.qr(torch.randn(max(rows, columns), max(rows, columns)))[0]
    part: Tensor = square[:rows, :columns]
    return part


def _embeddings(tokens: Sequence[str], width: int) -> "Tensor":
    """Random embeddings in which forms of one word (`Heat`, ` heat`, `heat`) are near each other: they are to match, and
    still to be told apart.
    """
    import torch

    forms = {form: place for place, form in enumerate(dict.fromkeys(token.lstrip("Ġ").lower() for token in tokens))}
    words = torch.randn(len(forms), width)
    places = torch.tensor([forms[token.lstrip("Ġ").lower()] for token in tokens])
    mixed: Tensor = _ALIKE**0.5 * words[places] + (1 - _ALIKE) ** 0.5 * torch.randn(len(tokens), width)
    return mixed * EMBEDDING_SCALE


def give_copying(model: Any, tokens: Sequence[str], seed: int) -> None:
    """Write the circuit into a new LlamaForCausalLM with tied embeddings and as many key heads as heads; what else the layers
    add starts at zero.

    `tokens` is the vocabulary in the order of its ids.
    """
    import torch

    torch.manual_seed(seed)
    config = model.config
    width, heads = config.hidden_size, config.num_attention_heads
    size = width // heads
    half = size // 2
    theta = config.rope_parameters["rope_theta"]
    angles = theta ** (-torch.arange(half) / half)
    with torch.no_grad():
        embedding = model.model.embed_tokens.weight
        embedding.copy_(_embeddings(tokens, width))
        embedding[:, 0] = _CONSTANT
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        basis = _orthonormal(width - 1, width - 1)  # of the dimensions other than the constant
        read = torch.zeros(size, width)
        read[:, 1:] = _orthonormal(size, width - 1)
        carried = torch.zeros(_OFFSETS, width, size)  # where the tokens before are written
        carried[:, 1:] = basis[:, : _OFFSETS * size].reshape(-1, _OFFSETS, size).transpose(0, 1)
        free = torch.zeros(width, width - 1 - _OFFSETS * size)
        free[1:] = basis[:, _OFFSETS * size :]

        first = model.model.layers[0].self_attn
        quick = angles > 0.1  # only quick rotations tell neighbours apart
        for offset in range(1, _OFFSETS + 1):
            rows = slice((offset - 1) * size, offset * size)
            query, key = torch.zeros(size), torch.zeros(size)
            query[:half][quick], query[half:][quick] = torch.cos(offset * angles[quick]), -torch.sin(offset * angles[quick])
            key[:half][quick] = 1.0
            for projection, vector in ((first.q_proj, query), (first.k_proj, key)):
                projection.weight[rows] = 0.0
                projection.weight[rows, 0] = _SHARP * vector
            first.v_proj.weight[rows] = read
            first.o_proj.weight[:, rows] = _CARRIED * carried[offset - 1]

        second = model.model.layers[1].self_attn
        slow = torch.nonzero(angles < 0.004).flatten()  # only slow rotations match over a distance
        places = torch.cat((slow, slow + half))
        for head in range(heads):
            rows = slice(head * size, (head + 1) * size)
            second.q_proj.weight[rows] = 0.0
            second.k_proj.weight[rows] = 0.0
            asked = [read, *(_EARLIER * part.T for part in carried[:-1])]
            for source, wanted in zip(asked, carried, strict=True):
                mixing = _orthonormal(len(places), size)
                second.q_proj.weight[head * size + places] += _MATCH * (mixing @ source)
                second.k_proj.weight[head * size + places] += _MATCH * (mixing @ wanted.T)
            copied = free[:, head * size : (head + 1) * size]
            second.v_proj.weight[rows] = 0.0
            second.v_proj.weight[rows][: copied.shape[1]] = copied.T
            second.o_proj.weight[:, rows][:, : copied.shape[1]] = _COPIED * copied
