"""A real server that others wrote: `transformers serve` on loopback, with the bundled model."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.resources.inference import (
    Completion,
    GenerationFailed,
    GenerationSettings,
    Inference,
    Message,
    ModelSource,
    Tool,
)
from lenovo_pipeline.resources.inference.openai_compatible import OpenAIBackend
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

BUNDLED = PROJECT_ROOT / "data" / "models" / "lenovo-nano"
QUESTION = [Message("system", "Answer from the passages only."), Message("user", "[1] The razr has 8 GB.\n\nQuestion: How much?")]
BRIEF = GenerationSettings(max_tokens=12, timeout_s=300)
_UP_WITHIN_S = 500


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the bundled model that names its class, which this server asks for and transformers itself does not."""
    folder = tmp_path_factory.mktemp("model") / "lenovo-nano"
    shutil.copytree(BUNDLED, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = config.get("architectures") or ["LlamaForCausalLM"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def serving(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server. A server that does not start fails the tests with what it printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = tmp_path_factory.mktemp("serving")
    command = [
        str(Path(sys.executable).with_name("transformers")),
        "serve",
        str(model),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(place), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    (place / "hub").mkdir()  # The server fails to list its models without one.
    log = place / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--device", "cpu"], stdout=output, stderr=output, env=environment, start_new_session=True
        )
    try:
        give_up = time.monotonic() + _UP_WITHIN_S
        while True:
            if process.poll() is not None or time.monotonic() > give_up:
                pytest.fail(f"transformers serve did not start (exit {process.poll()}):\n{log.read_text()[-3_000:]}")
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


@pytest.fixture(scope="module")
def inference(serving: str, tmp_path_factory: pytest.TempPathFactory) -> Inference:
    return Inference(Settings(store=tmp_path_factory.mktemp("store"), openai_url=serving))


@pytest.fixture(scope="module")
def backend(inference: Inference, model: Path) -> Iterator[OpenAIBackend]:
    opened = inference.open(ModelSource("openai", str(model)))
    assert isinstance(opened, OpenAIBackend)
    yield opened
    opened.close()


def test_the_server_is_reached_and_identified(inference: Inference, backend: OpenAIBackend, model: Path) -> None:
    reach = inference.reach(ModelSource("openai", str(model)))
    assert reach.reachable, reach.reason
    assert backend.identity().identifier == str(model)


def test_an_answer_is_what_the_model_generates_greedily(backend: OpenAIBackend, model: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    local: Any = AutoModelForCausalLM.from_pretrained(model)
    talk = [{"role": message.role, "content": message.content} for message in QUESTION]
    inputs = tokenizer.apply_chat_template(talk, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    length = inputs["input_ids"].shape[1]
    tokens = local.generate(**inputs, max_new_tokens=12, do_sample=False)[0, length:]
    expected = tokenizer.decode(tokens, skip_special_tokens=True)

    stream = backend.stream(QUESTION, BRIEF)
    pieces = list(stream)
    answer = stream.completion
    assert answer is not None
    assert expected
    assert answer.text == "".join(pieces) == expected
    assert (answer.tokens_in, answer.tokens_out) == (length, len(tokens))
    assert answer.finish_reason == ("length" if len(tokens) == 12 else "stop")
    assert answer.first_token_s is not None
    assert answer.first_token_s <= answer.latency_s
    assert backend.generate(QUESTION, BRIEF).text == expected


def test_a_batch_with_tools_and_all_settings_is_answered(backend: OpenAIBackend) -> None:
    tool = Tool("count", "Counts devices.", {"type": "object", "properties": {"of": {"type": "string"}}, "required": ["of"]})
    full = GenerationSettings(max_tokens=4, temperature=0.7, top_p=0.9, seed=3, stop=("zebra",), tools=(tool,), timeout_s=300)
    results = backend.generate_batch([QUESTION] * 3, full)
    assert [type(result) for result in results] == [Completion] * 3, results


def test_a_model_that_the_server_does_not_serve_is_refused(inference: Inference) -> None:
    other = inference.open(ModelSource("openai", "another/model"))
    with pytest.raises(GenerationFailed, match="answered 400, which says: Server is pinned to"):
        other.generate(QUESTION, BRIEF)
