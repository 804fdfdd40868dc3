"""One build opened in a process of its own, so that its memory is its own: speed, peak memory, and what it would say next.

Belongs here: what runs in that process, which imports nothing but the runtime. Does not belong here: what figures are made of it
(passport.py).

    python -m lenovo_pipeline.models.compression.measuring REQUEST   # a JSON file; the answer is a line of JSON
"""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_MB = 1_000_000


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """What a build does: `folder`; `prompts` that are answered with `answer_tokens` tokens each; `rows` of token ids, and for
    each the places in `said` whose tokens it is to predict.

    Gives `open_s`, `first_token_s` and `decode_s` for each prompt (s, s/token), `peak_mb` and `runtime_mb` (what of it there was
    before the build was opened), and in `predicted` the likeliest token at each place.
    """
    import onnxruntime_genai

    runtime_mb = _peak_mb()
    started = time.perf_counter()
    model = onnxruntime_genai.Model(request["folder"])
    opened = time.perf_counter() - started
    speeds = [_answer(model, prompt, request["answer_tokens"]) for prompt in request["prompts"]]
    peak = _peak_mb()
    return {
        "open_s": opened,
        "first_token_s": [first for first, _ in speeds],
        "decode_s": [each for _, each in speeds],
        "runtime_mb": runtime_mb,
        "peak_mb": peak,
        "predicted": [_predicted(model, ids, said) for ids, said in zip(request["rows"], request["said"], strict=True)],
    }


def _answer(model: Any, prompt: list[int], tokens: int) -> tuple[float, float]:
    """Seconds to the first token, and seconds for each further one; an answer does not end before its length."""
    generator = _generator(model, len(prompt) + tokens)
    started = time.perf_counter()
    generator.append_tokens(np.array(prompt, dtype=np.int32))
    token = _last(generator)
    first = time.perf_counter() - started
    started = time.perf_counter()
    for _ in range(tokens - 1):
        generator.append_tokens(np.array([token], dtype=np.int32))
        token = _last(generator)
    return first, (time.perf_counter() - started) / max(1, tokens - 1)


def _predicted(model: Any, ids: list[int], said: list[int]) -> list[int]:
    """The likeliest token at each place, given the row's own tokens before it. Raises ValueError if a score is no number."""
    generator = _generator(model, len(ids))
    generator.append_tokens(np.array(ids[:-1], dtype=np.int32))
    scores: npt.NDArray[np.float32] = np.asarray(generator.get_output("logits"), dtype=np.float32)[0][np.array(said) - 1]
    if not np.isfinite(scores).all():
        raise ValueError("its scores are no numbers")
    return [int(token) for token in scores.argmax(-1)]


def _last(generator: Any) -> int:
    return int(np.asarray(generator.get_logits(), dtype=np.float32).reshape(-1).argmax())


def _generator(model: Any, length: int) -> Any:
    import onnxruntime_genai

    settings = onnxruntime_genai.GeneratorParams(model)
    settings.set_search_options(max_length=length + 1, do_sample=False)
    return onnxruntime_genai.Generator(model, settings)


def _peak_mb() -> float:
    """Highest resident memory of this process so far, in MB of 10^6 bytes."""
    with suppress(OSError):
        # What getrusage tells on Linux counts the process, too, that started this one.
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / _MB
    import resource

    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found * (1 if sys.platform == "darwin" else 1024) / _MB


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
