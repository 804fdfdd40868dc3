"""How long it takes to load an adapter, to load one that is loaded, and to switch; and what each takes of memory.

Run: python lenovo_pipeline_tests/benchmarks/bench_adapter_switching.py [--adapters 25] [--rank 64] [--model FOLDER]
Adapters with random matrices on all linear layers of the model are loaded over it in one process. Loading the first one imports
peft, which is timed apart. A switch is what a request for another adapter costs beside its answer.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lenovo_pipeline.models.tuning.recipes import ADAPTER
from lenovo_pipeline.resources.inference.adapters import CONFIG, WEIGHTS, record_base
from lenovo_pipeline.resources.inference.local import LocalBackend, open_local
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message
from lenovo_pipeline.resources.inference.model_folder import identify, tensor_shapes
from lenovo_pipeline.settings import PROJECT_ROOT

WANTED_MS = 200
WANTED_MIB = 50
_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def make_adapter(folder: Path, base: Path, rank: int, seed: int) -> Path:
    """An adapter with small random matrices on the linear layers of every block."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    drawn, tensors = np.random.default_rng(seed), {}
    for name, shape in tensor_shapes(base).items():
        module = name.removesuffix(".weight")
        if module.endswith(_TARGETS):
            for side, wanted in (("A", (rank, shape[1])), ("B", (shape[0], rank))):
                matrix = drawn.standard_normal(wanted, dtype=np.float32) * 0.05
                tensors[f"base_model.model.{module}.lora_{side}.weight"] = matrix
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": rank, "bias": "none"}
    (folder / CONFIG).write_text(json.dumps({**config, "target_modules": list(_TARGETS)}), encoding="utf-8")
    record_base(folder, identify(base), seed=seed)
    return folder


@dataclass(frozen=True)
class Took:
    """Milliseconds that a call took: on the clock, and of this process's processor time, which a busy machine does not change."""

    wall: float
    processor: float


def took(call: Callable[[], object]) -> Took:
    """How long one call takes."""
    began, used = time.perf_counter(), time.process_time()
    call()
    return Took((time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000)


def resident_mib() -> float:
    """Memory of this process now, in MiB; 0 where /proc does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def report(name: str, found: list[Took], wanted: int | None = None) -> None:
    """A line with the median and the longest."""
    goal = f"   (wanted: at most {wanted} ms)" if wanted else ""
    middle = statistics.median(each.wall for each in found)
    processor = statistics.median(each.processor for each in found)
    longest = max(each.wall for each in found)
    print(f"{name:34} median {middle:8.2f} ms (processor {processor:8.2f})   longest {longest:8.2f} ms{goal}", flush=True)


def switched(backend: LocalBackend, names: list[str | None]) -> list[Took]:
    """What each switch took through these adapters."""
    return [took(lambda name=name: backend._adapters.switch(name)) for name in names]  # type: ignore[misc]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", type=int, default=25)
    parser.add_argument("--rank", type=int, default=ADAPTER.rank)
    parser.add_argument("--model", type=Path, default=PROJECT_ROOT / "data" / "models" / "lenovo-nano")
    arguments = parser.parse_args()
    base = arguments.model.resolve()
    with tempfile.TemporaryDirectory() as place:
        folders = [make_adapter(Path(place) / str(seed), base, arguments.rank, seed) for seed in range(arguments.adapters)]
        stored = (folders[0] / WEIGHTS).stat().st_size / 2**20
        backend = open_local(base)
        print(f"{len(folders)} adapters of rank {arguments.rank}, {stored:.2f} MiB each, over {base.name}")

        imported = took(lambda: __import__("peft"))
        before = resident_mib()
        loads = [took(lambda folder=folder: backend.with_adapter(folder)) for folder in folders]  # type: ignore[misc]
        memory = (resident_mib() - before) / len(folders)
        report("importing peft, once", [imported])
        report("loading the first one", loads[:1])
        report("loading another one", loads[1:], WANTED_MS)
        report("loading one that is loaded", [took(lambda f=f: backend.with_adapter(f)) for f in folders], WANTED_MS)  # type: ignore[misc]
        names: list[str | None] = list(backend._adapters._names.values())
        report("switching to another one", switched(backend, names * 4), WANTED_MS)
        report("switching to the base and back", switched(backend, [each for name in names for each in (None, name)]), WANTED_MS)
        print(f"{'memory of each':34}        {memory:8.2f} MiB  (wanted: at most {WANTED_MIB} MiB)", flush=True)

        question, greedy = [Message("user", "Question: how heavy is it?")], GenerationSettings(max_tokens=16, timeout_s=600)
        alone = [backend.with_adapter(folder).generate(question, greedy).text for folder in folders]
        answers: list[Completion | Exception] = []
        mixed = took(lambda: answers.extend(backend.generate_mixed([(question, greedy, folder) for folder in folders])))
        same = sum(isinstance(each, Completion) and each.text == text for each, text in zip(answers, alone, strict=True))
        report("one question to all, mixed", [mixed])
        print(f"{'answers as alone':34}        {same} of {len(folders)}")


if __name__ == "__main__":
    main()
