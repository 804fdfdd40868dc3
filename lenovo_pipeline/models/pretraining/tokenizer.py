"""The tokenizer of `lenovo-nano`: byte-level BPE in which every number of one to three digits and every common Chinese
character is one token.

Belongs here: how the tokenizer is trained and written. Copying is easier the fewer tokens a value has, and digits are what
small models get wrong.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from lenovo_pipeline.models.pretraining import words
from lenovo_pipeline.models.pretraining.chat import CHAT_TEMPLATE, END, PAD, SPECIAL_TOKENS, render

VOCABULARY = 5120
CONTEXT = 4096
# The pattern of Llama 3, which every runtime knows; ONNX Runtime GenAI refuses patterns of one's own.
_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_FIRST_CHINESE = "\u2e80"


def _byte_symbols() -> dict[int, str]:
    """The printable character that stands for each byte in a byte-level vocabulary (the table of GPT-2)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + place) for place, byte in enumerate(others)}


def chinese_characters() -> list[str]:
    """The characters of the Chinese word lists, simplified and traditional, and the marks between them."""
    from opencc import OpenCC

    lists = (
        words.COMMON_CHARACTERS,
        *words.CHINESE_WORDS,
        *words.CHINESE_PLACES,
        words.CHINESE_SURNAMES,
        words.CHINESE_GIVEN,
        words.CHINESE_TERMS,
    )
    simplified = "".join((*lists, *(attribute.chinese for attribute in words.ATTRIBUTES)))
    return sorted({*simplified, *OpenCC("s2t").convert(simplified), *"：，。？！、；（）“”《》％"})


def _fixed_merges() -> list[tuple[str, str]]:
    """Merges that make numbers of up to three digits and Chinese characters single tokens."""
    digits = [str(digit) for digit in range(10)]
    pairs = [left + right for left in digits for right in digits]
    merges = [(pair[0], pair[1]) for pair in pairs]
    # A triple must come out whichever of its pairs is merged first.
    merges += [(pair, digit) for pair in pairs for digit in digits] + [(digit, pair) for digit in digits for pair in pairs]
    symbols = _byte_symbols()
    for character in chinese_characters():
        first, second, third = (symbols[byte] for byte in character.encode())
        merges += [(first, second), (first + second, third)]
    return list(dict.fromkeys(merges))


def train_tokenizer(texts: Iterator[str]) -> Any:
    """A `tokenizers.Tokenizer` of `VOCABULARY` entries: the fixed merges, and the rest learned from the letters of these
    texts.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    splitting = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    fixed = _fixed_merges()
    vocabulary = {token: number for number, token in enumerate((*SPECIAL_TOKENS, *_byte_symbols().values()))}
    for left, right in fixed:
        vocabulary.setdefault(left + right, len(vocabulary))
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = splitting
    letters = ("".join(letter for letter in text if not letter.isdigit() and letter < _FIRST_CHINESE) for text in texts)
    size = VOCABULARY - len(vocabulary) + 256
    learner.train_from_iterator(
        letters, trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    )
    learned = [(left, right) for left, right in json.loads(learner.to_str())["model"]["merges"]]
    for left, right in learned:
        vocabulary.setdefault(left + right, len(vocabulary))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(dict.fromkeys((*fixed, *learned)))))
    tokenizer.pre_tokenizer = splitting
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS[:3]])
    # Calls are text that a reader wants to see, so these two survive decoding without special tokens.
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in SPECIAL_TOKENS[3:]])
    return tokenizer


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja so that AutoTokenizer reads them."""
    from transformers import PreTrainedTokenizerFast

    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        bos_token=None,
        unk_token=None,
        model_max_length=CONTEXT,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )
    fast.save_pretrained(folder)


def tokenizer_texts(seed: int, conversations: int = 6000) -> Iterator[str]:
    """Procedural conversations to learn the merges from."""
    from lenovo_pipeline.models.pretraining.scenes import Reading, closed_book, reading
    from lenovo_pipeline.models.pretraining.tools import tool_requests

    random = Random(seed)
    everything = tuple(
        (skill, 1.0) for skill in ("lookup", "absent", "inverse", "compare", "yes_no", "chain", "step", "count", "list")
    )
    for _ in range(conversations):
        form = random.random()
        if form < 0.75:
            made = reading(random, Reading(passages=(1, 2, 3), facts=(2, 5), questions=everything))
        elif form < 0.85:
            made = closed_book(random)
        else:
            made = tool_requests(random)
        text = "".join(text for text, _ in render(made.messages, made.tools))
        # Words stand at the start of a line as often as within one: both forms are to be cut alike.
        yield text
        yield text.title()
