"""Many answers at once from a causal language model of transformers: which tokens are computed when.

Belongs here: prompts packed without padding, beginnings that prompts share computed once, guessed tokens checked in one pass, and
rows that are refilled as answers end. Does not belong here: the attention (packed_attention.py), the guesses (prompt_lookup.py),
and what a token means for an answer (generation.py).

Prompts are sorted, so that those that begin alike are neighbours; a wave of them, as many as the memory for keys and values
allows, is computed into a pool. Then rows are decoded, the longest prompt first, so that neighbours are about as long.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from lenovo_pipeline.resources.inference.generation import Generation, Vocabulary
from lenovo_pipeline.resources.inference.packed_attention import Memory, Pool, PrefillPass, Segment, Slots
from lenovo_pipeline.resources.inference.prompt_lookup import Followers, Lookup, Pace
from lenovo_pipeline.resources.inference.sampling import Sampler
from lenovo_pipeline.resources.threads import one_thread

if TYPE_CHECKING:
    import torch

_PASS_TOKENS = 1_024
"""Tokens of one pass over prompts: measured quicker than 256 and 512 on a model of 4 M parameters."""

_ROWS = 64
"""Answers decoded at once: measured quicker than 16 and 32 on a model of 4 M parameters."""

_ONE_THREAD_BELOW = 32_000_000
"""Models of fewer parameters compute with one thread, whatever the process has: where a caller's thread is not the only one that
computes, threads that wait for each other at every layer made one of 4 M parameters 1.5 to 2 times slower than one alone."""

_MEMORY_BYTES = 512 * 2**20
"""For the keys and values of a wave's prompts, and again for those of its rows; one prompt and one row always fit."""


class Decoder:
    """A transformers model that was loaded with the packed attention; `name` is what failures call it.

    Several threads may decode at once: their passes take turns (`turn`). `switch` is called before each pass, inside its turn,
    with the adapter that the pass is for, so no pass meets another one's.
    """

    def __init__(self, model: Any, name: str, vocabulary: Vocabulary, switch: Callable[[str | None], None]) -> None:
        config = model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._model = model
        self._name = name
        self._vocabulary = vocabulary
        self._switch = switch
        self._alone: bool = model.num_parameters() < _ONE_THREAD_BELOW
        self._places: int = max(1, _MEMORY_BYTES // (2 * config.num_hidden_layers * heads * width * model.dtype.itemsize))
        self.turn = threading.Lock()

    def decode(self, generations: Sequence[Generation], adapter: str | None = None) -> Iterator[Generation]:
        """Generate all of them, giving each one out after each of its tokens. A failure stays with its own one."""
        for wave in _waves(sorted(generations, key=lambda each: each.prompt), self._places):
            try:
                yield from _Wave(self, wave, adapter).run()
            except (RuntimeError, IndexError, NotImplementedError) as error:
                # Out of memory, or a token that the model does not have: each one alone, to find the one that it is about.
                if len(wave) == 1:
                    wave[0].fail(f"{self._name} failed to compute the answer ({error})")
                    yield wave[0]
                    continue
                for generation in wave:
                    if not generation.over:
                        generation.tokens.clear()
                        yield from self.decode([generation], adapter)

    def try_out(self) -> None:
        """Compute one token, to learn whether this model can be computed here. Raises what the model raises, or ValueError."""
        import torch

        pool, token = Pool(1), torch.zeros((1, 1), dtype=torch.long, device=self.device)
        with torch.inference_mode():
            scores = self.forward(token, token, PrefillPass(pool, 0, [Segment(0, 1, token[0])]), 1, None)
        layers = self._model.config.get_text_config().num_hidden_layers
        if len(pool.layers()) != layers:
            raise ValueError(f"{len(pool.layers())} of its {layers} layers attend as transformers' AttentionInterface tells them")
        if not scores.isfinite().all():
            raise ValueError("it computes scores that are no numbers (NaN or infinite)")

    def forward(
        self, tokens: "torch.Tensor", positions: "torch.Tensor", memory: Memory, keep: "torch.Tensor | int", adapter: str | None
    ) -> "torch.Tensor":
        """One pass over tokens (rows, N) at these positions: the scores (rows, kept, vocabulary) of the tokens to `keep`."""
        with self.turn, one_thread() if self._alone else nullcontext():
            self._switch(adapter)
            found = self._model(input_ids=tokens, position_ids=positions, packed=memory, use_cache=False, logits_to_keep=keep)
        return cast("torch.Tensor", found.logits)

    def choose(
        self,
        scores: "torch.Tensor",
        generations: Sequence[Generation],
        samplers: dict[Generation, Sampler],
        guesses: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """Give each of them its next tokens, from scores shaped (generations, 1 + guesses, vocabulary).

        That is the first one, and the next ones for as long as the one before them is what was guessed.
        """
        best, tokens = (part.tolist() for part in scores.max(dim=-1))
        for row, generation in enumerate(generations):
            sampler = samplers.get(generation)
            guessed = guesses[row] if guesses else ()
            for place, (score, token) in enumerate(zip(best[row], tokens[row], strict=True)):
                if not isfinite(score):
                    generation.fail_for_scores(self._name)
                    break
                if generation.grammar is not None:
                    token = generation.admitted(_in_order(scores[row, place], token, sampler), self._vocabulary)
                elif sampler is not None:
                    token = sampler.draw(scores[row, place].float().cpu().numpy())
                generation.accept(token, self._vocabulary)
                if generation.over or place >= len(guessed) or token != guessed[place]:
                    break

    def rows_of(self, length: int) -> int:
        """How many answers of this length, prompt included, are decoded at once."""
        return max(1, min(_ROWS, self._places // length))

    @property
    def device(self) -> "torch.device":
        """Where the model computes."""
        return cast("torch.device", self._model.device)


class _Wave:
    """Generations, sorted by prompt, whose prompts fit into the memory together."""

    def __init__(self, decoder: Decoder, generations: Sequence[Generation], adapter: str | None) -> None:
        self._decoder = decoder
        self._adapter = adapter
        self._generations = generations
        self._shared = shared_beginnings([each.prompt for each in generations])
        self._pool = Pool(sum(len(each.prompt) for each in generations) - sum(self._shared))
        self._filled = 0
        self._paths: dict[Generation, torch.Tensor] = {}
        self._prompt_s: dict[Generation, float] = {}
        self._samplers = {each: Sampler(each.settings) for each in generations if each.settings.temperature > 0}
        self._rows: list[Generation] = []
        self._lookups: dict[Generation, Lookup] = {}
        self._followers: Followers = {}
        self._pace = Pace()

    def run(self) -> Iterator[Generation]:
        """Compute everything; each generation is given out after each of its tokens."""
        for span in _passes(self._generations, self._shared):
            self._prefill(span)
            yield from self._generations[span]
        waiting = deque(sorted((each for each in self._generations if not each.over), key=lambda each: -len(each.prompt)))
        if not waiting:
            return
        longest = max(len(each.prompt) + each.room for each in waiting)
        slots = Slots(min(self._decoder.rows_of(longest), len(waiting)), longest)
        while self._refill(waiting, slots):
            self._step(slots)
            yield from self._rows

    def _prefill(self, span: slice) -> None:
        """One pass: what the prompts of `span` add to the pool, and the first token of each."""
        import torch

        began = time.monotonic()
        generations, device = self._generations[span], self._decoder.device
        tokens: list[int] = []
        positions: list[int] = []
        segments: list[Segment] = []
        path = self._paths[self._generations[span.start - 1]] if span.start else torch.empty(0, dtype=torch.long, device=device)
        for generation, common in zip(generations, self._shared[span], strict=True):
            begin = len(tokens)
            tokens += generation.prompt[common:]
            positions += range(common, len(generation.prompt))
            own = torch.arange(self._filled + begin, self._filled + len(tokens), device=device)
            path = self._paths[generation] = torch.cat([path[:common], own])
            segments.append(Segment(begin, len(tokens), path))
        with torch.inference_mode():
            scores = self._decoder.forward(
                torch.tensor([tokens], device=device),
                torch.tensor([positions], device=device),
                PrefillPass(self._pool, self._filled, segments),
                torch.tensor([segment.end - 1 for segment in segments], device=device),
                self._adapter,
            )[0]
            self._filled += len(tokens)
            for generation in generations:
                self._prompt_s[generation] = time.monotonic() - began
                generation.start(self._prompt_s[generation])
            self._decoder.choose(scores[:, None], generations, self._samplers)

    def _refill(self, waiting: deque[Generation], slots: Slots) -> bool:
        """Give the slots of answers that are over to those that wait, and close gaps. False when nothing is left to do."""
        import torch

        rows = self._rows
        with torch.inference_mode():
            # From the last slot on: what closes a gap is then always an answer that goes on.
            for slot in reversed(range(len(rows))):
                if rows[slot].over:
                    if rows[slot].failure is not None:
                        slots.clear(slot)
                    if waiting:
                        rows[slot] = self._admit(waiting.popleft(), slots, slot)
                        continue
                    last = rows.pop()
                    if slot < len(rows):
                        rows[slot] = last
                        slots.move(len(rows), slot, _held(last))
            while waiting and len(rows) < slots.count:
                rows.append(self._admit(waiting.popleft(), slots, len(rows)))
        return bool(rows)

    def _admit(self, generation: Generation, slots: Slots, slot: int) -> Generation:
        slots.fill(slot, self._pool, self._paths[generation])
        generation.start(self._prompt_s[generation])
        lookup = self._lookups[generation] = Lookup(generation.prompt, self._followers)
        for token in generation.tokens:
            lookup.add(token)
        return generation

    def _step(self, slots: Slots) -> None:
        """One pass: the next token of every row, and more where it was guessed right."""
        import torch

        rows = self._rows
        held = [_held(row) for row in rows]
        # What is guessed must find room in the slots.
        count = min(self._pace.guesses(), slots.length - max(held) - 1)
        guesses = [self._lookups[row].guess(count) if count else [] for row in rows]
        count = max(map(len, guesses))
        tokens = [[row.tokens[-1], *guess, *[0] * (count - len(guess))] for row, guess in zip(rows, guesses, strict=True)]
        before = [len(row.tokens) for row in rows]
        with torch.inference_mode():
            device = self._decoder.device
            positions = slots.begin(held, 1 + count, device)
            scores = self._decoder.forward(torch.tensor(tokens, device=device), positions, slots, 1 + count, self._adapter)
            self._decoder.choose(scores, rows, self._samplers, guesses)
        for row, known in zip(rows, before, strict=True):
            for token in row.tokens[known:]:
                self._lookups[row].add(token)
        if count:
            self._pace.note(sum(len(row.tokens) for row in rows) - sum(before), len(rows))


def _in_order(scores: "torch.Tensor", best: int, sampler: Sampler | None) -> Iterator[int]:
    """Tokens by their scores (vocabulary,), the best or the drawn one first."""
    if sampler is not None:
        yield from sampler.drawn(scores.float().cpu().numpy())
        return
    yield best
    yield from scores.argsort(descending=True, stable=True).tolist()


def _held(generation: Generation) -> int:
    """How many tokens of a row are in its slot: all but the one that was chosen last."""
    return len(generation.prompt) + len(generation.tokens) - 1


def shared_beginnings(prompts: Sequence[Sequence[int]]) -> list[int]:
    """How many tokens each of these sorted prompts begins with as the one before it does; its last token is always its own."""
    shared = [0] * len(prompts)
    for number in range(1, len(prompts)):
        before, prompt = prompts[number - 1], prompts[number]
        most = min(len(before), len(prompt) - 1)
        shared[number] = next((place for place in range(most) if before[place] != prompt[place]), most)
    return shared


def _waves(generations: Sequence[Generation], places: int) -> Iterator[Sequence[Generation]]:
    """Parts of the sorted generations whose prompts take at most `places` places in a pool, or that are one."""
    added = [
        len(each.prompt) - common
        for each, common in zip(generations, shared_beginnings([each.prompt for each in generations]), strict=True)
    ]
    begin = taken = 0
    for number, generation in enumerate(generations):
        if number > begin and taken + added[number] > places:
            yield generations[begin:number]
            begin, taken = number, len(generation.prompt)
        else:
            taken += added[number]
    if generations:
        yield generations[begin:]


def _passes(generations: Sequence[Generation], shared: Sequence[int]) -> Iterator[slice]:
    """Spans of generations that add at most `_PASS_TOKENS` tokens to the pool, or that are one."""
    begin = taken = 0
    for number, generation in enumerate(generations):
        added = len(generation.prompt) - shared[number]
        if number > begin and taken + added > _PASS_TOKENS:
            yield slice(begin, number)
            begin, taken = number, 0
        taken += added
    yield slice(begin, len(generations))
