"""A graph as a file that other programs open, and what such a file says: ONNX, and torch's own export."""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from dissent.cli.export.graph import Graph
from dissent.core.files import UserError, write_atomic

Run = Callable[[np.ndarray], np.ndarray]
"""images (N, channels, H, W) float32 of 0..255 -> probabilities (N, C, H, W)"""


def traced(graph: Graph, channels: int) -> torch.export.ExportedProgram:
    """The graph as torch.export has it, for any number of images of any height and width."""
    height, width = graph.size
    example = torch.zeros(2, channels, height + 32, width + 64)
    free = torch.export.Dim.AUTO
    try:
        with _quiet():
            return torch.export.export(graph, (example,), dynamic_shapes=({0: free, 2: free, 3: free},))
    except Exception as error:  # by architecture the tracer fails in many ways
        name = type(graph.networks[0]).__name__
        raise UserError(
            f"torch cannot trace this network ({name}: {' '.join(str(error).split())[:300]}); its weights stay usable through "
            "`dissent predict`"
        ) from None


def write_torch(program: torch.export.ExportedProgram, path: Path, about: Mapping) -> None:
    """Write what `torch.export.load` opens; `about` lies in it as about.json."""
    stream = io.BytesIO()
    torch.export.save(program, stream, extra_files={"about.json": json.dumps(about)})
    write_atomic(path, stream.getvalue())


def run_torch(path: Path) -> Run:
    """The function that a file of `write_torch` computes."""
    module = torch.export.load(str(path)).module()

    def run(images_NCHW: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(images_NCHW)).numpy())

    return run


def write_onnx(program: torch.export.ExportedProgram, path: Path, about: Mapping) -> None:
    """Write an ONNX file with the input `image` and the output `probabilities`; its metadata `dissent` is `about` as JSON."""
    check_packages()
    try:
        with _quiet():
            made = torch.onnx.export(program, dynamo=True, verbose=False, output_names=["probabilities"])
    except Exception as error:  # an operator that ONNX lacks, in one of many ways
        raise UserError(
            f"this network has no ONNX form: {' '.join(str(error).split())[:300]}; `--as torch` may do"
        ) from None
    assert made is not None  # it returns a program where it writes no file
    proto = made.model_proto
    entry = proto.metadata_props.add()
    entry.key, entry.value = "dissent", json.dumps(about)
    write_atomic(path, proto.SerializeToString())


def run_onnx(path: Path) -> Run:
    """The function that a file of `write_onnx` computes, by onnxruntime on the CPU."""
    check_packages()
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images_NCHW: np.asarray(session.run(["probabilities"], {"image": images_NCHW})[0])


def check_packages() -> None:
    """UserError where a package lacks that ONNX files are made or opened with."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"the package {error.name} is not installed, which ONNX needs: pip install onnx onnxruntime onnxscript"
        ) from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporters say of their own insides."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
