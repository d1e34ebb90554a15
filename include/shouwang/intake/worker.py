"""One file is opened in a process of its own, with a ceiling of memory and of time: whatever is in
it, we go on.

The time is the processor's, so that a good file is not refused because the machine is busy; by the
clock it may take `BUSY` times as long.

The process gets the open file and the department's passwords, no path and nothing else of ours
(Airflow's tasks may not be looked into, so a path through ``/proc`` would be closed to it), and
answers with the sheets or a refusal. It may only answer with plain values: what comes back is
unpickled by a list of what is allowed.
"""

from __future__ import annotations

import math
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from shouwang.core.errors import FileRefused, machine_fault
from shouwang.intake.names import damaged, refused, shown
from shouwang.intake.sheets import Opened, within_limits

MEMORY, MEMORY_PER_BYTE = 1 << 30, 12
SECONDS, SECONDS_PER_MEBIBYTE, BUSY = 15.0, 1.5, 20
FILE_LIMIT = 512 << 20
_ANSWERS = {
    ("array", "_array_reconstructor"),
    ("array", "array"),
    ("builtins", "range"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
    *(("shouwang.intake.sheets", kind) for kind in ("Opened", "Sheet", "Cells")),
}


Answer = Opened | tuple[str, str] | str | None
"""The sheets; a refusal, its code and sentence; a fault of this machine; or nothing: the process
came to an end."""


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ANSWERS:
            raise pickle.UnpicklingError(f"{module}.{name} is no answer")
        return super().find_class(module, name)


def open_file(path: Path, passwords: Sequence[str] = ()) -> Opened:
    """Every sheet of a file; `FileRefused` if its content cannot be opened, or not within its
    ceilings.

    `MachineFault` where this machine cannot read it.
    """
    name = shown(path.name)
    try:
        with path.open("rb") as file:
            answer, in_time = _opened_elsewhere(file, name, passwords)
    except OSError as error:
        raise machine_fault(error) from None
    if isinstance(answer, Opened):
        return answer
    if isinstance(answer, tuple):
        raise FileRefused(*answer)
    if isinstance(answer, str):
        raise machine_fault(OSError(None, answer))
    why = "内容太大" if in_time else "读的时间太长"
    raise refused(
        "too_large",
        name,
        f"{why}或已损坏，没有读完。请只留数据区域、清除用不着的行和列，另存为 xlsx 后重新上传。",
    )


def _opened_elsewhere(file: IO[bytes], name: str, passwords: Sequence[str]) -> tuple[Answer, bool]:
    """What the process says of the file, and whether it ended within its time."""
    size = os.fstat(file.fileno()).st_size
    if size > FILE_LIMIT:
        raise refused("too_large", name, f"超过 {FILE_LIMIT >> 20} MiB，请拆成几个文件后重新上传。")
    seconds = SECONDS + SECONDS_PER_MEBIBYTE * size / (1 << 20)
    task = {
        "file": file.fileno(),
        "name": name,
        "passwords": [*passwords],
        "memory": MEMORY + MEMORY_PER_BYTE * size,
        "seconds": math.ceil(seconds),
    }
    packages = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "shouwang.intake.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": packages, "PYTHONUTF8": "1"},
        pass_fds=[file.fileno()],
    ) as process:
        timer = threading.Timer(seconds * BUSY, process.kill)
        timer.start()
        try:
            answer = _ask(cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout), task)
        finally:
            in_time = timer.is_alive()
            timer.cancel()
            process.kill()
            in_time &= process.wait() != -signal.SIGXCPU
    return answer, in_time


def _ask(questions: IO[bytes], answers: IO[bytes], task: dict[str, Any]) -> Answer:
    """What the process answers; None if it came to an end without."""
    try:
        questions.write(pickle.dumps(task))
        questions.close()
        answer: Answer = _Plain(answers).load()
    except (
        BrokenPipeError,
        EOFError,
        pickle.UnpicklingError,
        ValueError,
        TypeError,
        AttributeError,
        MemoryError,
    ):
        return None
    return answer


def answer(content: bytes, name: str, passwords: Sequence[str]) -> Opened | tuple[str, str]:
    """The sheets, or why not: a code and a sentence."""
    try:
        from shouwang.intake.opening import open_content

        return within_limits(name, open_content(name, content, passwords))
    except FileRefused as refusal:
        return refusal.code, str(refusal)
    except MemoryError:
        raise
    except (
        BaseException
    ):  # of a spoilt file the libraries raise anything, calamine even what is no Exception
        closed = damaged(name)
        return closed.code, str(closed)


def _work() -> None:
    """In the process: read the task, open the file, answer."""
    import gc

    task = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library may print is no answer
    resource.setrlimit(resource.RLIMIT_AS, (task["memory"], task["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (task["seconds"], task["seconds"] + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()
    import shouwang.intake.opening  # noqa: F401 - while there is room for it

    try:
        with os.fdopen(task["file"], "rb") as file:
            content = file.read()
    except OSError as error:
        told: Answer = error.strerror
    else:
        told = answer(content, task["name"], task["passwords"])
    pickle.dump(told, answers, protocol=5)
    answers.flush()
    os._exit(0)  # nothing to tidy: it would take as long as reading


if __name__ == "__main__":
    _work()
