"""E: cards that collide, die or are not there (pretended on the CPU): one job a slot, and a killed holder frees its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from dissent.cli.snakemake import targets_first
from dissent.runtime.devices import lease
from faults import c1, made, rules
from faults.children import at_call, finished
from faults.product import called, refused, went_well
from faults.suite import Injection, Lost, Silent, Unnamed

STORM = """
import os, random, signal, sys, time
from dissent.runtime.devices import lease
from dissent.cli.snakemake import targets_first
folder, seed, jobs, slots = sys.argv[1], *map(int, sys.argv[2:5])
children = []
for number in range(jobs):
    if not (pid := os.fork()):
        random.seed(f"{seed} {number}")
        for turn in range(3):
            with lease(gpus=1 + (number % 5 == 4)) as place:
                for card in place.visible.split(","):
                    for slot in range(slots):
                        try:
                            handle = os.open(f"{folder}/{card}.{slot}", os.O_CREAT | os.O_EXCL)
                            break
                        except FileExistsError:
                            continue
                    else:
                        os._exit(5)  # more jobs on a card than it has places
                    time.sleep(random.uniform(0, .02))
                    os.close(handle)
                    os.remove(f"{folder}/{card}.{slot}")
                if number % 4 == 0 and turn == 1:
                    os.kill(os.getpid(), signal.SIGKILL)  # with the lease held
        os._exit(0)
    children.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
sys.exit(max(code for code in codes if code != -9) if set(codes) != {-9} else 0)
"""


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 5])
    found = []
    for cards, slots in ((4, 1), (2, 1), (2, 2), (1, 3), (4, 2), (3, 1)):
        # the fifth job asks for two cards, which is refused where there is one
        jobs, number = int(random.integers(8, 17)) if cards > 1 else 4, int(random.integers(1 << 20))
        found.append(
            Injection(
                f"{jobs} jobs, a quarter of them killed, on {cards} cards of {slots}",
                lambda a=(number, jobs, cards, slots): storm(*a),
            )
        )
    for title, run in CASES.items():
        found.append(Injection(title, run))
    for step in sorted(int(step) for step in random.choice(np.arange(2, c1.STEPS), 3, replace=False)):
        found.append(Injection(f"out of memory in step {step}", lambda step=step: out_of_memory(step)))
    return found


def _cards(**settings: str) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "DISSENT_GPU_SLOTS", "DISSENT_CARDS"):
        os.environ.pop(name, None)
    os.environ |= {"DISSENT_SLOTS_DIR": str(Path("slots").absolute())} | settings


def storm(seed: int, jobs: int, cards: int, slots: int) -> str:
    """Never more jobs on a card than it has places, whoever dies."""
    Path("cards").mkdir()
    Path("storm.py").write_text(STORM)
    _cards(DISSENT_CARDS=str(cards), DISSENT_GPU_SLOTS=str(slots), PYTHONPATH=str(made.REPOSITORY / "workflow/scripts"))
    command = [sys.executable, "storm.py", "cards", str(seed), str(jobs), str(slots)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode == 5:
        raise Silent("two jobs had one place")
    if done.returncode:
        raise Unnamed(f"ended with {done.returncode}: {done.stderr[-800:]}")
    return "survived"


def _leased(gpus: int = 1):
    def take():
        with lease(gpus) as place:
            return place

    return called(take)


def no_card() -> str:
    """Without a card everything runs on the CPU, and says so."""
    _cards(DISSENT_CARDS="0")
    said = went_well(_leased())
    return "told" if said.value.device == "cpu" and "on the CPU" in said.text else _silent(said)


def _silent(said) -> str:
    raise Silent(f"took {said.value}: {said.text}")


def too_many() -> str:
    _cards(DISSENT_CARDS="2")
    return refused(_leased(3), "3 graphics cards are asked for, 2 are here")


def preset() -> str:
    """A card that the user chose is the one that is used."""
    _cards(DISSENT_CARDS="8", CUDA_VISIBLE_DEVICES="5")
    said = went_well(_leased())
    return "survived" if said.value.visible == "5" else _silent(said)


def hidden_cards() -> str:
    _cards(DISSENT_CARDS="2", CUDA_VISIBLE_DEVICES="")
    said = went_well(_leased())
    return "survived" if said.value.device == "cpu" else _silent(said)


def _wrong(name: str, value: str) -> Callable[[], str]:
    def run() -> str:
        _cards(**({"DISSENT_CARDS": "2"} | {name: value}))
        return refused(_leased(), name, value)

    return run


def foreign_slots() -> str:
    """A folder of slots that belongs to somebody else, or leads elsewhere, is not trusted."""
    _cards(DISSENT_CARDS="1")
    del os.environ["DISSENT_SLOTS_DIR"]
    Path("elsewhere").mkdir()
    Path(f"dissent-slots-{os.getuid()}").symlink_to("elsewhere")
    with mock.patch("tempfile.tempdir", os.getcwd()):
        return refused(_leased(), "DISSENT_SLOTS_DIR")


def slots_that_cannot_be_written() -> str:
    _cards(DISSENT_CARDS="1")
    Path("slots").write_text("a file, where a folder should be")
    said = _leased()
    return "survived" if said.code == 0 else refused(said, "slots")


def lost_card() -> str:
    """A card that is listed but that torch cannot use: the CPU, said aloud, and the same job ends."""
    whole = made.base(rules.whole)
    job = rules.undone("train cells 0 1")
    _cards(DISSENT_CARDS="1")
    with mock.patch.object(torch.cuda, "is_available", lambda: False):  # where there is a card, too
        said = went_well(rules.perform(job))
    if "cannot use card" not in said.text:
        raise Silent("ran on the CPU without a word")
    return rules.same_as(whole)


def stale_slot() -> str:
    """The slot of a holder that was killed is free."""
    _cards(DISSENT_CARDS="1")
    Path("slots").mkdir()
    code = "import os, signal\nfrom dissent.runtime.devices import lease\nwith lease(): os.kill(os.getpid(), signal.SIGKILL)\n"
    environment = os.environ | {"PYTHONPATH": str(made.REPOSITORY / "workflow/scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, timeout=60)
    if done.returncode != -signal.SIGKILL:
        raise Unnamed(f"the holder ended with {done.returncode}")
    went_well(_leased())
    return "survived"


def out_of_memory(step: int) -> str:
    """The job stops by name, keeps its checkpoint, and goes on from it where there is room."""
    whole = made.base(rules.whole)
    job = rules.undone("train cells 1 1")

    def fail() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    @contextmanager
    def inside():
        with c1.always_saved(), at_call(c1.loop, "_descend", step, fail)():
            yield

    said = finished(job, inside)
    if said.code == 0:
        raise Silent("went on without the step")
    if "out of memory" not in said.text:
        raise Unnamed(said.text[-500:])
    if c1.newest() < step - 1:
        raise Lost(f"{step - 1} steps were done, and the newest checkpoint has {c1.newest()}")
    rules.forget(job)
    went_well(rules.perform(job))
    return rules.same_as(whole)


def two_gpu_jobs_by_target() -> str:
    """`--resources gpu=2 TARGET`: the target is not taken for a resource, which is Snakemake's own reading."""
    typed = ["--cores", "8", "--resources", "gpu=2", "results/a/gen1/metrics.json"]
    if "results/a/gen1/metrics.json" not in json.dumps(targets_first(typed)):
        raise Silent("the target is gone")
    return "survived"


CASES: dict[str, Callable[[], str]] = {
    "no card": no_card,
    "more cards asked for than are here": too_many,
    "a card that the user chose": preset,
    "cards that the user hides": hidden_cards,
    "DISSENT_GPU_SLOTS=0": _wrong("DISSENT_GPU_SLOTS", "0"),
    "DISSENT_GPU_SLOTS=x": _wrong("DISSENT_GPU_SLOTS", "x"),
    "DISSENT_CARDS=-1": _wrong("DISSENT_CARDS", "-1"),
    "a folder of slots of somebody else": foreign_slots,
    "a file where the folder of slots should be": slots_that_cannot_be_written,
    "a card that torch cannot use": lost_card,
    "the slot of a killed holder": stale_slot,
    "a target behind --resources": two_gpu_jobs_by_target,
}
