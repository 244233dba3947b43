"""Programs that tests run, each with what it started: when the time is up or the tests are interrupted, nothing
of it lives on. A program is first asked to end (SIGTERM to its process group), so that it can put away what lives
in sessions of its own, as a supervisor's agents do; SIGKILL comes GRACE_S later."""
import os
import signal
import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GRACE_S = 30

_running = set()
_lock = threading.Lock()
_stopping = threading.Event()


class Stopped(SystemExit):
    """The tests were interrupted; nothing may be started any more."""


def run(command, timeout_s=None, env=None, shown=False):
    """Output of both streams and the exit code; a timeout is exit code 124. `shown`: the output goes where that
    of the tests goes."""
    pipe = None if shown else subprocess.PIPE
    with _lock:
        if _stopping.is_set():
            raise Stopped("stopped")
        process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=None if shown else subprocess.STDOUT, text=True,
                                   errors="replace", env={**os.environ, **(env or {})}, start_new_session=True)
        _running.add(process)
    try:
        output, _ = process.communicate(timeout=timeout_s)
        return output or "", process.returncode
    except subprocess.TimeoutExpired:
        return end(process) + f"\nstopped after {timeout_s} s", 124
    finally:
        if process.returncode is None:
            end(process)
        with _lock:
            _running.discard(process)


def end(process):
    """Its last words."""
    for number, patience_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 5)):
        send(process, number)
        try:
            return process.communicate(timeout=patience_s)[0] or ""
        except subprocess.TimeoutExpired as expired:
            said = expired.stdout or b""
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def send(process, number):
    if process.poll() is None:  # else its number may be somebody else's
        os.killpg(process.pid, number)


def stop_on_signals():
    """For the program of the tests: SIGINT and SIGTERM end everything that runs, then this program."""
    def stop(number, _frame):
        if _stopping.is_set():
            return  # what runs is ending already
        _stopping.set()
        for process in list(_running):
            send(process, signal.SIGTERM)
        raise Stopped(f"stopped by {signal.Signals(number).name}")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
