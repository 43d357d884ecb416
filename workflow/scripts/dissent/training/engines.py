"""What else than torch can say what a trained network says, on a processor: OpenVINO, in fp32."""

import threading
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from dissent.core.files import UserError

_SOME = 4  # images at a time, for each shape is built anew: more take longer to build and are no faster


class OpenVino(nn.Module):
    """A trained network that OpenVINO computes; it learns nothing. It is built at the first images of each size."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.crop = getattr(network, "crop", None)
        self._network = [network.eval()]  # in a list: its weights are no part of this one's
        self._threads = torch.get_num_threads()
        self._built: dict[tuple[int, ...], Callable[[Tensor], Tensor]] = {}
        self._lock = threading.Lock()

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Logits (B, C, H, W)."""
        return torch.cat([self._ask(some) for some in images_BCHW.split(_SOME)])

    def _ask(self, images_BCHW: Tensor) -> Tensor:
        number = len(images_BCHW)
        filled = nn.functional.pad(images_BCHW, (0, 0) * 3 + (0, _SOME - number)).contiguous()
        shape = tuple(filled.shape)
        with self._lock:
            if shape not in self._built:
                self._built[shape] = _build(self._network[0], filled, self._threads)
        return self._built[shape](filled)[:number]


def engine(name: str, network: nn.Module, device: str) -> nn.Module:
    """The network as the key `inference` has it computed: itself for `torch`, and where a card computes."""
    if name == "torch" or device != "cpu":
        return network
    try:
        import openvino  # noqa: F401
    except ImportError:
        raise UserError(
            "`inference: openvino` needs the package openvino: pip install openvino, or take the key out of "
            "`resources` in the network file"
        ) from None
    return OpenVino(network)


def _build(network: nn.Module, images_BCHW: Tensor, threads: int) -> Callable[[Tensor], Tensor]:
    """From images of this shape to logits; several threads may ask at once."""
    import openvino

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's tracing, which OpenVINO uses
        graph = openvino.convert_model(network, example_input=images_BCHW, input=[list(images_BCHW.shape)])
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": threads}
    model, own = openvino.Core().compile_model(graph, "CPU", settings), threading.local()

    def run(seen_BCHW: Tensor) -> Tensor:
        if not hasattr(own, "request"):
            own.request = model.create_infer_request()
        return torch.from_numpy(np.array(own.request.infer([seen_BCHW.numpy()], share_inputs=True)[0]))

    return run
