"""Initial weights that can already copy: a previous-token head in the first layer and matching heads in the second (an induction circuit).

Belongs here: the structured start. Left to chance, the circuit takes thousands of steps to form on a vocabulary of 4,096; written into the initial weights it
is there at once, and training goes on from it like from any other start. The circuit is that of Olsson et al. 2022, "In-context learning and induction heads".
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

EMBEDDING_SCALE = 0.06
_CONSTANT = 0.5  # one dimension of every embedding: what the previous-token head looks at, whatever the token
_SHARP = 1.2
_CARRIED = 0.1
_MATCH = 2.2
_COPIED = 0.8


def _orthonormal(rows: int, columns: int) -> "Tensor":
    import torch

    square: Tensor = torch.linalg.qr(torch.randn(max(rows, columns), max(rows, columns)))[0]
    return square[:rows, :columns]


def give_copying(model: Any, seed: int) -> None:
    """Write the circuit into a new LlamaForCausalLM with tied embeddings and as many key heads as heads; what else the layers add starts at zero."""
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
        embedding.normal_(0, EMBEDDING_SCALE)
        embedding[:, 0] = _CONSTANT
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        basis = _orthonormal(width - 1, width - 1)  # of the dimensions other than the constant
        carried = torch.zeros(width, size)
        carried[1:] = basis[:, :size]  # where the previous token is written
        free = torch.zeros(width, width - 1 - size)
        free[1:] = basis[:, size:]
        read = torch.zeros(size, width)
        read[:, 1:] = _orthonormal(size, width - 1)

        first = model.model.layers[0].self_attn
        rows = slice(0, size)
        quick = angles > 0.1  # only quick rotations tell neighbours apart
        query, key = torch.zeros(size), torch.zeros(size)
        query[:half][quick], query[half:][quick] = torch.cos(angles[quick]), -torch.sin(angles[quick])
        key[:half][quick] = 1.0
        for projection, vector in ((first.q_proj, query), (first.k_proj, key)):
            projection.weight[rows] = 0.0
            projection.weight[rows, 0] = _SHARP * vector
        first.v_proj.weight[rows] = read
        first.o_proj.weight[:, rows] = _CARRIED * carried

        second = model.model.layers[1].self_attn
        slow = torch.nonzero(angles < 0.004).flatten()  # only slow rotations match over a distance
        places = torch.cat((slow, slow + half))
        for head in range(heads):
            rows = slice(head * size, (head + 1) * size)
            mixing = _orthonormal(len(places), size)
            for projection, source in ((second.q_proj, read), (second.k_proj, carried.T)):
                part = torch.zeros(size, width)
                part[places] = _MATCH * (mixing @ source)
                projection.weight[rows] = part
            if head < heads - 1:
                copied = free[:, head * size : (head + 1) * size]
                second.v_proj.weight[rows] = 0.0
                second.v_proj.weight[rows][: copied.shape[1]] = copied.T
                second.o_proj.weight[:, rows][:, : copied.shape[1]] = _COPIED * copied
