"""Answers per second of the local backend, against one-by-one `generate` and lm-evaluation-harness; the int4 edge build apart.

Run: python lenovo_pipeline_tests/benchmarks/bench_inference.py [--questions 500] [--tried 48] [--model FOLDER] [--no-harness]
Everyone answers the same questions greedily, in 32 bits, open book. Ours is run before and after each of the others, so that
a busy machine slows both. The harness (PyPI lm-eval) is installed once into an environment of its own under data/store, about
2 GB; its best batch size is found on a part of the questions. Questions come from the warehouse of a run if there is one, and
else from a small world.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.measures.items import Item, items_from_rows
from lenovo_pipeline.measures.metrics.normalise import exact_match
from lenovo_pipeline.measures.reading import final_answer, question_messages
from lenovo_pipeline.resources.inference.edge import open_edge
from lenovo_pipeline.resources.inference.in_process import InProcess
from lenovo_pipeline.resources.inference.local import open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT, get_settings

HARNESS = "lm-eval==0.4.13"
BATCH_SIZES = (8, 16, 32, 64)
MAX_TOKENS = 128


@dataclass
class Answers:
    """What one side said, as tokens where it tells them, and how long it took."""

    texts: list[str]
    tokens: list[list[int]]
    seconds: float


def open_book_items(count: int) -> list[Item]:
    """Questions of the test split with the passages that answer them."""
    import duckdb

    warehouse = Store(get_settings().store).warehouse
    if warehouse.is_file():
        from lenovo_pipeline.evaluation.items import asked_items, make_items

        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = connection.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables").fetchall()
            needed = ("gold.questions", "gold.qrels", "knowledge.chunks")
            if {name for (name,) in found} >= set(needed):
                questions, qrels, chunks = (connection.execute(f"SELECT * FROM {name}").df() for name in needed)
                chosen = make_items(questions, qrels, chunks, size=count, seed=7)
                return asked_items(chosen, questions, chunks)[1]
    from lenovo_pipeline.enterprise.world import build_world
    from lenovo_pipeline.gold.make import make_questions
    from lenovo_pipeline.gold.records import evidence_records

    frames = build_world(7, 0.3)
    made = make_questions(frames, 7, 0.3).iloc[:count]
    texts = evidence_records(frames).set_index("record_id")["text"].to_dict()
    rows: list[Any] = made.to_dict("records")
    return items_from_rows(rows, {row["question_id"]: [texts[each] for each in row["evidence_ids"]] for row in rows})


def ask(backend: InProcess, conversations: Sequence[list[Message]]) -> Answers:
    """Ours: the whole way from messages to text."""
    began = time.perf_counter()
    settings = GenerationSettings(max_tokens=MAX_TOKENS, timeout_s=600)
    generations = [backend.chat.generation(messages, settings, time.monotonic()) for messages in conversations]
    for _ in backend.decode(generations):
        pass
    texts = [getattr(each, "text", "") for each in backend.chat.completions(generations)]
    seconds = time.perf_counter() - began
    failures = [each.failure for each in generations if each.failure is not None]
    if failures:
        raise failures[0]
    return Answers(texts, [each.tokens for each in generations], seconds)


def generate_one_by_one(folder: Path, conversations: Sequence[list[Message]]) -> Callable[[], Answers]:
    """`generate` of transformers for each question in turn, the whole way from messages to text."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.eval()
    found = model.generation_config.eos_token_id
    ends = set(found if isinstance(found, list) else [found])

    def answer(messages: list[Message]) -> list[int]:
        asked = [{"role": each.role, "content": each.content} for each in messages]
        prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt")
        said: list[int] = model.generate(**prompt, max_new_tokens=MAX_TOKENS, do_sample=False)[
            0, prompt["input_ids"].shape[1] :
        ].tolist()
        return said[:-1] if said and said[-1] in ends else said

    def run() -> Answers:
        began = time.perf_counter()
        tokens = [answer(messages) for messages in conversations]
        texts = [tokenizer.decode(each, skip_special_tokens=True) for each in tokens]
        return Answers(texts, tokens, time.perf_counter() - began)

    answer(conversations[0])
    return run


def harness_python() -> Path | None:
    """The interpreter of the harness's environment, made if it is not there; None if it cannot be made."""
    place = Store(get_settings().store).root / "benchmarks" / "lm-eval"
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (place / "ready").is_file():
        return python
    print("installing lm-evaluation-harness into an environment of its own, once …", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["-c", str(PROJECT_ROOT / "constraints.txt")]
    torch_index = ["--index-url", os.environ["TORCH_INDEX"]] if os.environ.get("TORCH_INDEX") else []
    for command in (
        [sys.executable, "-m", "venv", str(place)],
        [*pip, *torch_index, "torch"],
        [*pip, "transformers", "accelerate", HARNESS],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"lm-evaluation-harness cannot be installed, so it is left out: {done.stderr.strip().splitlines()[-1:]}")
            return None
    (place / "ready").touch()
    return python


def ask_harness(python: Path, folder: Path, prompts: Sequence[str], batch_size: int) -> Answers:
    """lm-evaluation-harness: from prompts, rendered already, to text."""
    import torch

    with tempfile.TemporaryDirectory() as place:
        asked, answered = Path(place) / "prompts.json", Path(place) / "answers.json"
        asked.write_text(json.dumps(list(prompts)), encoding="utf-8")
        side = Path(__file__).with_name("harness_answers.py")
        command = [python, side, folder, asked, answered, batch_size, MAX_TOKENS, torch.get_num_threads()]
        quiet = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, env=quiet)
        if done.returncode != 0:
            raise RuntimeError(f"lm-evaluation-harness failed: {done.stderr[-2000:]}")
        found = json.loads(answered.read_text(encoding="utf-8"))
    return Answers(found["answers"], [], found["seconds"])


def right(items: Sequence[Item], texts: Sequence[str]) -> list[float]:
    """Exact match of each final answer."""
    return [exact_match(final_answer(text), item.right_forms) for item, text in zip(items, texts, strict=True)]


def between(ours: Callable[[], Answers], other: Callable[[], Answers]) -> tuple[Answers, Answers, float]:
    """Our answers, the other's, and how many times as many of ours come in the same time; ours before and after."""
    before, theirs, after = ours(), other(), ours()
    return before, theirs, theirs.seconds / ((before.seconds + after.seconds) / 2)


def same(first: Sequence[Any], second: Sequence[Any]) -> float:
    """Share of equal members, in percent."""
    return 100 * sum(bool(one == other) for one, other in zip(first, second, strict=True)) / len(first)


def report(name: str, items: Sequence[Item], answers: Answers) -> None:
    """A line with a side's own figures."""
    speed = len(items) / answers.seconds
    exact = 100 * sum(right(items, answers.texts)) / len(items)
    print(f"{name:24} {speed:8.1f} answers/s   exact match {exact:5.1f} %", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--tried", type=int, default=48, help="questions to find the harness's best batch size with")
    parser.add_argument("--model", type=Path, default=PROJECT_ROOT / "data" / "models" / "lenovo-nano")
    parser.add_argument("--no-harness", action="store_true")
    arguments = parser.parse_args()
    from transformers import AutoTokenizer
    from transformers.utils import logging

    quiet: Any = logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    folder = arguments.model.resolve()
    items = open_book_items(arguments.questions)
    asked = [question_messages(item.question.text, item.question.passages) for item in items]
    conversations = [[Message(each["role"], each["content"]) for each in messages] for messages in asked]  # type: ignore[arg-type]
    backend = open_local(folder)
    ask(backend, conversations[:8])
    sizes = [len(backend.chat.tokens(messages)) for messages in conversations]
    print(f"{len(items)} questions, prompts of {min(sizes)} to {max(sizes)} tokens, {sum(sizes) / len(sizes):.0f} on average")

    ours, single, ratio = between(lambda: ask(backend, conversations), generate_one_by_one(folder, conversations))
    report("ours", items, ours)
    report("generate, one by one", items, single)
    print(f"ours / one by one        {ratio:8.2f}   times as many answers per second (wanted: at least 5)")
    print(f"identical sequences      {same(ours.tokens, single.tokens):8.2f} % (wanted: at least 99.5)", flush=True)

    python = None if arguments.no_harness else harness_python()
    if python is not None:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        prompts = [tokenizer.apply_chat_template(each, add_generation_prompt=True, tokenize=False) for each in asked]
        tried = prompts[:: max(1, len(prompts) // arguments.tried)]
        speeds = {size: len(tried) / ask_harness(python, folder, tried, size).seconds for size in BATCH_SIZES}
        print("lm-eval by batch size    " + ", ".join(f"{size}: {speed:.1f}/s" for size, speed in speeds.items()), flush=True)
        best = max(speeds, key=lambda size: speeds[size])
        ours, harness, ratio = between(lambda: ask(backend, conversations), lambda: ask_harness(python, folder, prompts, best))
        report(f"lm-eval, batch size {best}", items, harness)
        print(f"ours / lm-eval           {ratio:8.2f}   times as many answers per second (wanted: at least 3)")
        equal = same(right(items, ours.texts), right(items, harness.texts))
        print(f"equal exact-match        {equal:8.2f} % of the items (wanted: 100)")
        print(f"equal texts              {same(ours.texts, harness.texts):8.2f} %", flush=True)

    from lenovo_pipeline.models.compression.export import build_edge

    with tempfile.TemporaryDirectory() as place:
        build_edge(folder, Path(place) / "int4", "int4")
        edge = open_edge(Path(place) / "int4")
        _, int4, slower = between(lambda: ask(backend, conversations), lambda: ask(edge, conversations))
        report("int4 edge build, apart", items, int4)
        print(f"int4 / one by one        {single.seconds / int4.seconds:8.2f}   and {1 / slower:.2f} of ours in 32 bits")
        print(f"sequences as in 32 bits  {same(int4.tokens, ours.tokens):8.2f} %")


if __name__ == "__main__":
    main()
