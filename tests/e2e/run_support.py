"""A run of real processes for end-to-end tests: a small model on real text, in a folder of its own."""
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("LONGHAUL_BIN", ROOT / "build/dev/bin"))
SLOW = 6 if os.environ.get("LONGHAUL_SLOW") else 1  # sanitizers
TEXTS = ("GPL-3", "LGPL-2.1", "Apache-2.0", "Artistic")  # on every Debian, in /usr/share/common-licenses


def write_corpus(path, texts):
    """Megatron's .bin/.idx, written independently of the program that reads it (int32 tokens = bytes)."""
    sizes, data = [], b""
    for text in texts:
        sizes.append(len(text))
        data += struct.pack(f"<{len(text)}i", *text)
    pointers = [sum(sizes[:i]) * 4 for i in range(len(sizes))]
    Path(f"{path}.bin").write_bytes(data)
    header = b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, 4, len(sizes), len(sizes) + 1)
    Path(f"{path}.idx").write_bytes(
        header + struct.pack(f"<{len(sizes)}i", *sizes) + struct.pack(f"<{len(sizes)}q", *pointers) +
        struct.pack(f"<{len(sizes) + 1}q", *range(len(sizes) + 1)))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, timeout_s=60):
    """The first true value of condition(); fails with `what` after the time."""
    end = time.monotonic() + timeout_s * SLOW
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s * SLOW} s for {what}")


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def processes_of(folder):
    """Who has the run folder as an argument: the daemon, its agents and their ranks, whatever their parents are."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            pass  # it has just ended
    return [pid for pid in found if pid != os.getpid()]


def end_processes_of(folder, timeout_s=30):
    """Again until none is left: one that was found may have started another meanwhile."""
    end = time.monotonic() + timeout_s
    while found := processes_of(folder):
        if time.monotonic() > end:
            raise AssertionError(f"processes {found} of {folder} cannot be killed")
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)


@contextlib.contextmanager
def signals_held():
    """An interrupt comes after what is done here and not in the middle."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Run:
    """One run directory. start() is `longhaul run`; the rest asks and disturbs."""

    def __init__(self, steps=60, every=10, nodes=2, ranks=1, spares=0, folder=None, **changes):
        self.dir = Path(folder or tempfile.mkdtemp(prefix="longhaul-e2e-"))
        self.dir.mkdir(exist_ok=True)
        corpus = self.dir / "corpus"
        corpus.mkdir(exist_ok=True)
        for name in TEXTS:
            write_corpus(corpus / name, [(Path("/usr/share/common-licenses") / name).read_bytes()])
        self.keeper = None
        self.port = free_port()
        self.config = {
            "version": 1,
            "run": {"name": "e2e", "seed": 7, "target_steps": steps},
            "cluster": {"nodes": nodes, "ranks_per_node": ranks, "spares": spares},
            "model": {"layers": 2, "hidden": 128, "heads": 4, "sequence_length": 128, "vocabulary_size": 256},
            "parallel": {"data": nodes * ranks},
            "batch": {"micro": 2, "global": 8},
            "data": {"corpora": [{"path": f"corpus/{name}", "weight": 1 + i} for i, name in enumerate(TEXTS)]},
            "optimizer": {"learning_rate": 0.001, "warmup_samples": 100, "decay_samples": 8000},
            "checkpoint": {"every_steps": every, "keep_last": 3},
            "telemetry": {"listen": f"127.0.0.1:{self.port}", "metrics_listen": f"127.0.0.1:{free_port()}"},
        }
        for key, value in changes.items():
            section, name = key.split("__")
            self.config.setdefault(section, {})[name] = value
        self.write()

    def write(self):
        (self.dir / "run.yaml").write_text(json.dumps(self.config, indent=1))  # JSON is YAML

    def command(self, *words, timeout_s=120):
        return subprocess.run([BIN / "longhaul", *words], cwd=self.dir, text=True, capture_output=True, timeout=timeout_s * SLOW)

    def start(self, *words):
        self.output = open(self.dir / "keeper.out", "w+")
        self.keeper = subprocess.Popen([BIN / "longhaul", "run", "run.yaml", *words], cwd=self.dir, stdout=self.output,
                                       stderr=subprocess.STDOUT, start_new_session=True)
        return self

    def status(self):
        done = self.command("status", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def wait_step(self, step, timeout_s=60):
        def reached():
            status = self.status()
            return status if status and status["state"] == "training" and status["step"] >= step else None
        return wait_for(f"step {step}; {self.tail()}", reached, timeout_s)

    def wait_end(self, timeout_s=120):
        """The summary line as a dict, and the exit code."""
        try:
            code = self.keeper.wait(timeout_s * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run did not end: {self.status()}\n{self.tail()}")
        lines = (self.dir / "keeper.out").read_text().strip().splitlines()
        summary = dict(word.split("=") for word in lines[-1].split()) if lines and lines[-1].startswith("steps=") else {}
        return summary, code

    def finish(self, *words, timeout_s=120):
        self.start("--exit", *words)
        summary, code = self.wait_end(timeout_s)
        if code != 0:
            raise AssertionError(f"exit {code}\n{self.tail()}")
        return summary

    def events(self):
        done = self.command("events", "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def rank_pids(self):
        status = self.status()
        return [r["pid"] for n in status["nodes"] for r in n["ranks"] if r["state"] != "exited"] if status else []

    def agent_pid(self, node):
        return int((self.dir / f"nodes/{node}/agent.pid").read_text())

    def daemon_pid(self):
        return int((self.dir / "state/daemon.pid").read_text())

    def kill(self, pid, number=signal.SIGKILL):
        os.kill(pid, number)

    def tail(self):
        text = ""
        for path in [self.dir / "keeper.out", self.dir / "state/daemon.log", *self.dir.glob("nodes/*/logs/agent.log"),
                     *self.dir.glob("nodes/*/logs/*/*.err")]:
            if path.exists():
                text += f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-12:]) + "\n"
        return text

    def close(self):
        """Nothing of this run lives on."""
        with signals_held():
            if self.keeper and self.keeper.poll() is None:
                self.keeper.kill()
                self.keeper.wait()
            end_processes_of(self.dir)
            shutil.rmtree(self.dir, ignore_errors=True)


# Steps of a run that a test disturbs or looks at several times while it trains: some 30 are made in a second, and on
# a busy machine a look takes long.
DISTURBED = 200


class RunTest(unittest.TestCase):
    same_runs = {}

    def run_of(self, **options):
        run = Run(**options)
        self.addCleanup(run.close)
        return run

    def undisturbed(self, **options):
        """The summary of the same run when nothing happens to it; computed once a file."""
        key = json.dumps(options, sort_keys=True)
        if key not in self.same_runs:
            self.same_runs[key] = self.run_of(**options).finish()
        return self.same_runs[key]

    def assert_same_result(self, summary, undisturbed):
        for name in ("steps", "loss_digest", "state_digest"):
            self.assertEqual(summary[name], undisturbed[name], name)
        self.assertRegex(summary["loss_digest"], "^[0-9a-f]{16}$")
        self.assertRegex(summary["state_digest"], "^[0-9a-f]{16}$")
