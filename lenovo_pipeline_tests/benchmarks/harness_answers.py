"""The side of bench_inference.py that runs lm-evaluation-harness, in an environment of its own.

Run: python harness_answers.py FOLDER PROMPTS.json ANSWERS.json BATCH_SIZE MAX_TOKENS [THREADS]
Writes the answers in the order of the prompts, and the seconds of `generate_until`, without loading and a first warm-up.
"""

import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Answer the prompts."""
    folder, prompts, answers, batch_size, max_tokens, threads = sys.argv[1:]
    import torch
    from lm_eval.api.instance import Instance  # type: ignore[import-not-found]
    from lm_eval.models.huggingface import HFLM  # type: ignore[import-not-found]

    torch.set_num_threads(int(threads))
    model = HFLM(pretrained=folder, device="cpu", dtype="float32", batch_size=int(batch_size))
    settings = {"until": [], "max_gen_toks": int(max_tokens), "do_sample": False}
    requests = [
        Instance("generate_until", {}, (prompt, settings), number)
        for number, prompt in enumerate(json.loads(Path(prompts).read_text(encoding="utf-8")))
    ]
    model.generate_until(requests[:2], disable_tqdm=True)
    began = time.perf_counter()
    found = model.generate_until(requests, disable_tqdm=True)
    seconds = time.perf_counter() - began
    Path(answers).write_text(json.dumps({"answers": found, "seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main()
