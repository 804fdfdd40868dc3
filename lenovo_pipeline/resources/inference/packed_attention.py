"""Attention over tokens without padding: keys and values of many prompts in one pool, of the answers in slots.

Belongs here: what a forward pass remembers, and the attention over it. Does not belong here: which tokens are computed when
(decoding.py). Every model of transformers that takes its attention from `AttentionInterface` computes with it; the memory
travels through the model as the keyword argument `packed`, so that passes of several threads never meet.

Shapes: H heads, G heads of keys and values (G divides H), D channels of a head, N tokens of a pass, L tokens seen.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

NAME = "lenovo_packed"
"""The name that transformers knows this attention by."""

_UNKNOWN = ("softcap", "s_aux", "sinks", "position_bias")
"""What some architectures ask of their attention and this one does not do."""


class Memory(Protocol):
    """What one forward pass attends to."""

    def attend(
        self,
        layer: int,
        query: "torch.Tensor",
        key: "torch.Tensor",
        value: "torch.Tensor",
        scale: float | None,
        window: int | None,
    ) -> "torch.Tensor":
        """Remember `key` and `value`, shaped (rows, G, tokens, D), and attend: (rows, H, tokens, D)."""
        ...


def register() -> None:
    """Make this attention known to transformers."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attention)


def _attention(
    module: Any, query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor", _mask: object, *, packed: Memory, **asked: Any
) -> "tuple[torch.Tensor, None]":
    unknown = [name for name in _UNKNOWN if asked.get(name) is not None]
    if unknown:
        raise NotImplementedError(f"its attention needs {', '.join(unknown)}")
    seen = packed.attend(module.layer_idx, query, key, value, asked.get("scaling"), asked.get("sliding_window"))
    return seen.transpose(1, 2).contiguous(), None


class Pool:
    """Keys and values of the prompts of a wave, one place a token; what begins alike shares its places."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._kept: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def put(self, layer: int, start: int, key: "torch.Tensor", value: "torch.Tensor") -> None:
        """Remember keys and values, shaped (N, G, D), at the places from `start` on."""
        if layer not in self._kept:
            self._kept[layer] = (
                key.new_empty((self._places, *key.shape[1:])),
                value.new_empty((self._places, *value.shape[1:])),
            )
        keys, values = self._kept[layer]
        keys[start : start + key.shape[0]] = key
        values[start : start + value.shape[0]] = value

    def take(self, layer: int, path: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """Keys and values at the places `path`, shaped (G, L, D)."""
        keys, values = self._kept[layer]
        return keys.index_select(0, path).transpose(0, 1), values.index_select(0, path).transpose(0, 1)

    def layers(self) -> list[int]:
        """The layers that have been computed."""
        return list(self._kept)


@dataclass(frozen=True)
class Segment:
    """The tokens `begin` to `end` of a pass: what one prompt adds to its beginning, which lies in the pool already.

    `path` (L,) leads to all of the prompt's places in the pool; its last `end - begin` are those of this pass.
    """

    begin: int
    end: int
    path: "torch.Tensor"


class PrefillPass:
    """A pass over what several prompts add to the pool, packed one after another: (1, H or G, N, D)."""

    def __init__(self, pool: Pool, start: int, segments: list[Segment]) -> None:
        self._pool = pool
        self._start = start
        self._segments = segments
        self._masks: dict[tuple[int, int | None], torch.Tensor] = {}

    def attend(
        self,
        layer: int,
        query: "torch.Tensor",
        key: "torch.Tensor",
        value: "torch.Tensor",
        scale: float | None,
        window: int | None,
    ) -> "torch.Tensor":
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        self._pool.put(layer, self._start, key[0].transpose(0, 1), value[0].transpose(0, 1))
        grouped = query.shape[1] != key.shape[1]
        parts = []
        for number, segment in enumerate(self._segments):
            own = slice(segment.begin, segment.end)
            length = len(segment.path)
            whole = length == segment.end - segment.begin
            if whole:
                keys, values = key[:, :, own], value[:, :, own]
            else:
                keys, values = (part[None] for part in self._pool.take(layer, segment.path))
            causal = whole and (window is None or length <= window)
            mask = None if causal else self._mask(number, window, query)
            parts.append(
                scaled_dot_product_attention(
                    query[:, :, own], keys, values, attn_mask=mask, is_causal=causal, scale=scale, enable_gqa=grouped
                )
            )
        return torch.cat(parts, dim=2)

    def _mask(self, number: int, window: int | None, like: "torch.Tensor") -> "torch.Tensor":
        """What each token of a segment sees (tokens, L): 0 where it looks, minus infinity where it does not."""
        import torch

        if (number, window) not in self._masks:
            segment = self._segments[number]
            length = len(segment.path)
            seen = torch.arange(length, device=like.device)
            asking = seen[length - (segment.end - segment.begin) :, None]
            hidden = seen > asking
            if window is not None:
                hidden |= seen <= asking - window
            self._masks[number, window] = like.new_zeros(hidden.shape).masked_fill_(hidden, float("-inf"))
        return self._masks[number, window]


class Slots:
    """Keys and values of the answers in the making: one slot a row, the rows packed into the first slots."""

    def __init__(self, count: int, length: int) -> None:
        self.count = count
        self.length = length
        self._kept: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._rows = self._places = None  # type: torch.Tensor | None
        self._longest = 0
        self._masks: dict[int | None, torch.Tensor] = {}

    def fill(self, slot: int, pool: Pool, path: "torch.Tensor") -> None:
        """Copy a prompt from the pool into a slot."""
        for layer in pool.layers():
            keys, values = pool.take(layer, path)
            if layer not in self._kept:
                # Zeros: what is hidden has weight 0, and 0 times a value that is no number would be seen after all.
                self._kept[layer] = (
                    keys.new_zeros((self.count, keys.shape[0], self.length, keys.shape[2])),
                    values.new_zeros((self.count, values.shape[0], self.length, values.shape[2])),
                )
            kept_keys, kept_values = self._kept[layer]
            kept_keys[slot, :, : keys.shape[1]] = keys
            kept_values[slot, :, : values.shape[1]] = values

    def clear(self, slot: int) -> None:
        """Forget a slot's tokens, which may be no numbers."""
        for kept in self._kept.values():
            for part in kept:
                part[slot] = 0

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of a slot into another one."""
        for kept in self._kept.values():
            for part in kept:
                part[target, :, :length] = part[source, :, :length]

    def begin(self, lengths: list[int], added: int, device: "torch.device") -> "torch.Tensor":
        """Prepare a pass that adds tokens to each of the first rows, which hold `lengths` tokens: the positions (rows, added)."""
        import torch

        self._places = torch.tensor(lengths, device=device)[:, None] + torch.arange(added, device=device)
        self._rows = torch.arange(len(lengths), device=device)[:, None]
        self._longest = max(lengths) + added
        self._masks.clear()
        return self._places

    def attend(
        self,
        layer: int,
        query: "torch.Tensor",
        key: "torch.Tensor",
        value: "torch.Tensor",
        scale: float | None,
        window: int | None,
    ) -> "torch.Tensor":
        from torch.nn.functional import scaled_dot_product_attention

        assert self._places is not None and self._rows is not None
        keys, values = self._kept[layer]
        keys[self._rows, :, self._places] = key.transpose(1, 2)
        values[self._rows, :, self._places] = value.transpose(1, 2)
        rows, groups = key.shape[:2]
        # All heads that share keys ask the same ones, so they are taken as several tokens of one head: twice as quick.
        folded = query.reshape(rows, groups, -1, query.shape[3])
        mask = self._mask(window, query)
        if query.shape[2] > 1:
            mask = mask.repeat(1, 1, query.shape[1] // groups, 1)
        seen = scaled_dot_product_attention(
            folded,
            keys[:rows, :, : self._longest],
            values[:rows, :, : self._longest],
            attn_mask=mask,
            scale=scale,
        )
        return seen.reshape(query.shape)

    def _mask(self, window: int | None, like: "torch.Tensor") -> "torch.Tensor":
        """What each token sees (rows, 1, tokens, L): 0 where it looks, minus infinity where it does not."""
        import torch

        assert self._places is not None
        if window not in self._masks:
            seen = torch.arange(self._longest, device=like.device)
            asking = self._places[:, :, None]
            hidden = seen > asking
            if window is not None:
                hidden |= seen <= asking - window
            mask = like.new_zeros(hidden.shape).masked_fill_(hidden, float("-inf"))
            self._masks[window] = mask[:, None]
        return self._masks[window]
