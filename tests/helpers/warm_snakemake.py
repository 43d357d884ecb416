"""Snakemake for tests, in a quarter of the time: plan, order, parameters and scripts of jobs are its own.

One process imports Snakemake and torch once. A command line is a fork of it, and so is each of its jobs, in place of a Python of its
own. Tests of kills, of locks and of other copies of the library start Snakemake itself.
"""

import atexit
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
OURS, PLAIN = "ours", "plain"
"""`snakemake` as people type it; `python -m snakemake`"""
SECONDS = 600
"""after which a command line hangs"""


def snakemake(which: str, *words: str, cwd: str | Path = ".", env: dict[str, str] | None = None):
    """A command line of OURS or PLAIN, once it has ended."""
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "which": which,
            "words": ["snakemake", *map(str, words)],
            "cwd": str(Path(cwd).absolute()),
            "to": folder,
        }
        told["env"] = {"CUDA_VISIBLE_DEVICES": ""} | dict(os.environ if env is None else env)
        server = _server()
        server.stdin.write(json.dumps(told) + "\n")
        server.stdin.flush()
        if not select.select([server.stdout], [], [], SECONDS)[0]:
            _end(server)
            raise subprocess.TimeoutExpired(told["words"], SECONDS)
        code = int(server.stdout.readline())
        out, err = (Path(folder, name).read_text("utf-8", "replace") for name in ("out", "err"))
        return subprocess.CompletedProcess(told["words"], code, out, err)


@cache
def _server() -> subprocess.Popen:
    command = [sys.executable, __file__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    server = subprocess.Popen(command, start_new_session=True, **pipes)
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen) -> None:
    """End it with all that it started."""
    _server.cache_clear()
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _forked(work: Callable[[], None]) -> int:
    """The exit code of a process that does some work."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    """Do each command line that is read, and write its exit code."""
    sys.path.insert(0, str(LIBRARY))
    from snakemake import script

    script.PythonScript.execute_script = _execute
    import snakemake.cli  # noqa: F401

    for line in sys.stdin:
        told = json.loads(line)
        if not {"-n", "--dry-run"}.intersection(told["words"]):
            _warm()
        print(_forked(lambda told=told: _command(told)), flush=True)


def _command(told: dict) -> None:
    for number, path in enumerate((os.devnull, f"{told['to']}/out", f"{told['to']}/err")):
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.chdir(told["cwd"])
    os.environ.clear()
    os.environ.update(told["env"])
    sys.argv = told["words"]
    if told["which"] == OURS:
        from dissent.cli.snakemake import main
    else:
        from snakemake.cli import main
    main()


def _warm() -> None:
    """Import what most jobs import."""
    import torch._dynamo  # noqa: F401 every optimizer does

    import dissent.report.page
    import dissent.steps.evaluate
    import dissent.steps.predict
    import dissent.steps.train  # noqa: F401


def _execute(script, fname: str, edit: bool = False) -> None:
    """In place of Snakemake's own way to run the script of a job."""

    def run() -> None:
        sys.argv = [fname]
        runpy.run_path(fname, run_name="__main__")

    if code := _forked(run):
        raise subprocess.CalledProcessError(code, fname)


if __name__ == "__main__":
    _serve()
