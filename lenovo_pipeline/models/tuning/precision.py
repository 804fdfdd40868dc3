"""What this machine computes with: device, number format, and the memory that a piece of work took.

Belongs here: questions to the hardware. Does not belong here: training.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_MB = 1_000_000


def device() -> str:
    """The device to train on: the GPU if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bfloat16(kind: str) -> bool:
    """Whether matrix products in bfloat16 are computed by instructions made for them, without which they are slower."""
    import torch

    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return any(found.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def mixed(kind: str, *, wanted: bool = True) -> Callable[[], AbstractContextManager[object]]:
    """Makes the context in which matrix products run in bfloat16, where that is wanted and the machine has it."""
    import torch

    if wanted and has_bfloat16(kind):
        return lambda: torch.autocast(kind, torch.bfloat16)
    return nullcontext


def reset_peak(kind: str) -> None:
    """Measure the peak from now on, where the system allows that."""
    import torch

    if kind == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        _RESET.write_text("5")


def peak_memory_mb(kind: str) -> float:
    """Peak since `reset_peak`, in MB of 10^6 bytes: of the GPU's tensors, otherwise of the process's resident memory (the peak of
    its whole life where the system cannot reset it).
    """
    import torch

    if kind == "cuda":
        return torch.cuda.max_memory_allocated() / _MB
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / _MB
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / _MB
