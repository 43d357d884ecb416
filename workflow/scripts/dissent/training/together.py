"""One training on several cards: each takes its part of the images of every forward pass, and all hold the same weights.

Outside of the networks every process has the whole batch: the same views, logits and loss, whatever the learner does with
them. So a learner needs to know nothing of it, and a training equals that on one card but for rounding. Dropout inside a network
is the exception: each process draws masks for its own images, others than one card would draw.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from dissent.core.files import UserError

_SPREAD = ("forward", "encode", "decode", "fuse", "classify", "auxiliary", "both")
_control: list[Any] = []  # the group that agrees on what to do, which waits for no card
_calls = [0, 0]  # the seed of this step, and the calls of networks since it was set
_inside: list[nn.Module] = []  # the network whose method runs on this process's part: what it calls of itself does too


def number() -> int:
    """How many processes learn together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that writes, logs and decides."""
    return number() == 1 or dist.get_rank() == 0


@contextlib.contextmanager
def joined(rank: int, processes: int, meeting: str, device: str) -> Iterator[None]:
    """Inside, this process is the `rank`-th (from 0) of so many; `meeting`: a path that all know and that is not there yet."""
    backend = "nccl" if device == "cuda" else "gloo"
    dist.init_process_group(backend, init_method=f"file://{meeting}", rank=rank, world_size=processes)
    _control.append(dist.new_group(backend="gloo") if backend != "gloo" else None)
    try:
        yield
    finally:
        _control.clear()
        dist.destroy_process_group()


def first_decides(wish: bool) -> bool:
    """What the first process wishes."""
    if number() == 1:
        return wish
    told = torch.tensor([int(wish)])
    dist.broadcast(told, 0, group=_control[0])
    return bool(told)


def spread(network: nn.Module, device: str) -> nn.Module:
    """The network itself, from now on with its images shared out among the processes, and BatchNorm over all of them."""
    if number() == 1:
        return network
    kind = type(network)
    methods = {name: _shared(getattr(kind, name)) for name in _SPREAD if hasattr(kind, name)}
    network.__class__ = type(kind.__name__, (kind,), methods | {"spread": True})
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = nn.SyncBatchNorm if device == "cuda" else _Norm  # type: ignore[assignment]
            module.process_group = None  # type: ignore[assignment]
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            raise UserError(
                f"`gpus` needs a network whose BatchNorm is torch's own, and this one has {type(module).__name__}: say `gpus: 1`, or take "
                "another encoder"
            )
    return network


def share_gradients(learner: nn.Module) -> None:
    """Add up what each process found for the weights of networks that are spread; all other weights see the whole batch anyway."""
    if number() == 1:
        return
    weights = {
        id(p): p for module in learner.modules() if getattr(module, "spread", False) for p in module.parameters()
    }
    gradients = [p.grad for p in weights.values() if p.grad is not None]
    for kind in {gradient.dtype for gradient in gradients}:
        parts = [gradient for gradient in gradients if gradient.dtype == kind]
        flat = torch.cat([part.reshape(-1) for part in parts])
        dist.all_reduce(flat)
        for part, whole in zip(parts, flat.split([part.numel() for part in parts]), strict=True):
            part.copy_(whole.view_as(part))


def _shared(method: Callable) -> Callable:
    """A network's method on this process's part of the images; what comes out is put together again."""

    def run(self: nn.Module, *given: Any) -> Any:
        images = next(one for one in _tensors(given))
        count = len(images)
        if _inside or (count < number() and not torch.is_grad_enabled()):
            return method(self, *given)
        if count < number():
            raise UserError(
                f"{count} images cannot be shared out among {number()} cards: a larger `batch_size` can, or a smaller `gpus`"
            )
        _inside.append(self)
        try:
            with _own_numbers(images.device):
                found = method(self, *_mapped(lambda one: _Part.apply(one), given))
        finally:
            _inside.clear()
        return _mapped(lambda one: _Whole.apply(one, count), found)

    return run


@contextlib.contextmanager
def _own_numbers(device: torch.device) -> Iterator[None]:
    """Random numbers that differ from part to part (dropout inside a network); those outside go on as if none had been drawn."""
    seed = torch.initial_seed()
    _calls[:] = [seed, _calls[1] + 1 if seed == _calls[0] else 1]  # and not since the start: a training may be resumed
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed % 2**40 + (_calls[1] << 8) + dist.get_rank())
        yield


def _tensors(given: Any) -> Iterator[Tensor]:
    if isinstance(given, Tensor):
        yield given
    elif isinstance(given, list | tuple):
        for one in given:
            yield from _tensors(one)


def _mapped(change: Callable[[Tensor], Tensor], given: Any) -> Any:
    if isinstance(given, Tensor):
        return change(given)
    return type(given)(_mapped(change, one) for one in given) if isinstance(given, list | tuple) else given


def _mine(whole: Tensor) -> Tensor:
    return whole.tensor_split(number())[dist.get_rank()]


def _together(part: Tensor, count: int) -> Tensor:
    """All parts of `count` images, in order."""
    sizes = [len(one) for one in torch.empty(count).tensor_split(number())]
    padded = part.new_zeros((sizes[0], *part.shape[1:]))
    padded[: len(part)] = part
    parts = [torch.empty_like(padded) for _ in sizes]
    dist.all_gather(parts, padded)
    return torch.cat([one[:size] for one, size in zip(parts, sizes, strict=True)])


class _Part(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, whole: Tensor) -> Tensor:
        ctx.count = len(whole)
        return _mine(whole)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _together(gradients[0], ctx.count)


class _Whole(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: Tensor, count: int) -> Tensor:
        return _together(part, count)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _mine(gradients[0]), None


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, mine: Tensor) -> Tensor:
        total = mine.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous()
        dist.all_reduce(total)
        return total


class _Norm(nn.BatchNorm2d):
    """BatchNorm over the images of all processes, where there is no card (torch's SyncBatchNorm wants one)."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        mean, variance = self.running_mean, self.running_var
        if not self.training or mean is None or variance is None or self.momentum is None:
            return super().forward(x_BCHW)
        pixels = _Sum.apply(x_BCHW.new_tensor([x_BCHW.numel() / x_BCHW.shape[1]]))
        middle = _Sum.apply(x_BCHW.sum((0, 2, 3))) / pixels
        centred = x_BCHW - middle[:, None, None]
        spread = _Sum.apply(centred.square().sum((0, 2, 3))) / pixels
        with torch.no_grad():
            mean.lerp_(middle, self.momentum)
            variance.lerp_(spread * pixels / (pixels - 1), self.momentum)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked += 1
        scale = self.weight * (spread + self.eps).rsqrt()
        return centred * scale[:, None, None] + self.bias[:, None, None]
