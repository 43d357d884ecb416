"""Torch, set up for a job: threads, memory, the same bits twice."""

import contextlib
import ctypes
import logging
import os
import sys
from typing import TYPE_CHECKING

from dissent.runtime.devices.cards import VISIBLE

if TYPE_CHECKING:
    import torch

logger = logging.getLogger("dissent")

M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8  # glibc's malloc.h


def prepare_process(threads: int, device: str = "cpu", benchmark: bool = False) -> "torch.device":
    """Set up torch for a job that computes the same bits twice; returns the device that it really can use.

    `device`: the lease's. `benchmark`: let cuDNN try its algorithms (faster; which one wins may differ between runs).
    Call it before the first tensor: memory settings and flushed denormals then reach torch's worker threads too.
    """
    if sys.platform == "linux":
        _keep_memory()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.set_num_threads(threads)
    with contextlib.suppress(RuntimeError):  # it can be set only once a process
        torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    # use_deterministic_algorithms(True, warn_only=True) does the same, but imports torch's compiler first
    torch.set_deterministic_debug_mode("warn")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # we read no memory that we have not written
    torch.backends.cudnn.benchmark = benchmark
    if device == "cuda" and not torch.cuda.is_available():
        logger.warning("torch %s cannot use card %s: on the CPU", torch.__version__, os.environ.get(VISIBLE))
        device = "cpu"
    return torch.device(device)


def _keep_memory() -> None:
    """Have glibc's malloc keep freed memory: giving each activation back to the kernel and taking it again (page by
    page) costs more than half of a training step on a CPU. Elsewhere (musl) this does nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)  # M_MMAP_THRESHOLD would reach blocks up to 32 MiB only
        mallopt(M_TRIM_THRESHOLD, -1)
        mallopt(M_ARENA_MAX, 1)  # an arena of a thread's own gives its memory back whatever the others say
