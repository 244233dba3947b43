"""deploy/killer on an invented run: programs of the right names that only sleep, and a status that this test
writes. What it kills comes back with a new generation or term, as in a real run."""
import json
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class InventedRun:
    def __init__(self, folder):
        self.dir = Path(folder)
        (self.dir / "state").mkdir()
        for name in ("longhaul-trainer", "longhaul-agent", "longhauld"):
            shutil.copy(shutil.which("sleep"), self.dir / name)
        program = self.dir / "longhaul"
        program.write_text('#!/bin/sh\nexec cat "$4/status.json"\n')  # status --json --run-dir DIR
        program.chmod(0o755)
        self.killed = []
        self.recovering = 0  # rounds in which a killed thing shows no new step
        self.term, self.sequence, self.step = 1, 1, 1
        self.ranks = [self.start("longhaul-trainer") for _ in range(4)]
        self.agents = [self.start("longhaul-agent") for _ in range(2)]
        self.daemon = self.start("longhauld")
        self.write()

    def start(self, name):
        return subprocess.Popen([self.dir / name, "600"])

    def write(self):
        (self.dir / "state/daemon.pid").write_text(f"{self.daemon.pid}\n")
        nodes = [{"name": f"node-{n}", "agent_pid": self.agents[n].pid,
                  "ranks": [{"rank": r, "pid": self.ranks[r].pid, "state": "running"} for r in (2 * n, 2 * n + 1)]}
                 for n in (0, 1)]
        status = {"state": "training", "step": self.step, "term": self.term,
                  "generation": f"1.{self.sequence}", "nodes": nodes}
        fresh = self.dir / "status.new"
        fresh.write_text(json.dumps(status))
        fresh.rename(self.dir / "status.json")

    def live(self):
        """One moment: what was killed is started again, otherwise a step is made."""
        for kind, processes in (("rank", self.ranks), ("agent", self.agents)):
            for i, process in enumerate(processes):
                if process.poll() is not None:
                    self.killed.append((kind, i))
                    processes[i] = self.start(process.args[0].name)
                    self.sequence += 1
                    self.step = max(1, self.step - 3)
                    self.recovering = 4
        if self.daemon.poll() is not None:
            self.killed.append(("daemon", 0))
            self.daemon = self.start("longhauld")
            self.term += 1
        if self.recovering > 0:
            self.recovering -= 1
        else:
            self.step += 1
        self.write()

    def end(self):
        for process in [*self.ranks, *self.agents, self.daemon]:
            process.kill()
            process.wait()


class KillerTest(unittest.TestCase):
    def killed(self, seed, count):
        """The first `count` things killed, and whether one fell before the step after a recovery."""
        with tempfile.TemporaryDirectory() as folder:
            run = InventedRun(folder)
            self.addCleanup(run.end)
            killer = subprocess.Popen([ROOT / "deploy/killer", "--longhaul", run.dir / "longhaul", "--run-dir", folder,
                                       "--every", "1", "--seed", str(seed)], stderr=subprocess.PIPE, text=True)
            talk = []
            reader = threading.Thread(target=lambda: talk.extend(killer.stderr))
            reader.start()
            end = time.monotonic() + 60
            while len(run.killed) < count and time.monotonic() < end:
                before = len(run.killed)
                quiet = run.recovering == 0
                run.live()
                if len(run.killed) > before:
                    self.assertTrue(quiet, f"{run.killed} while the run had not recovered")
                time.sleep(0.1)
            killer.kill()
            killer.wait()
            reader.join()
            run.end()
            self.assertEqual(len(talk), len(run.killed), talk)
            return run.killed

    def test_ranks_daemon_ranks_agents_in_turn_and_the_same_again_for_the_same_seed(self):
        if shutil.which("jq") is None:
            self.skipTest("jq is not installed")
        first = self.killed(seed=1, count=4)
        self.assertEqual([kind for kind, _ in first], ["rank", "daemon", "rank", "agent"])
        self.assertEqual(self.killed(seed=1, count=4), first)
        self.assertNotEqual(self.killed(seed=5, count=4), first)

    def test_a_process_of_another_program_is_left_alone(self):
        if shutil.which("jq") is None:
            self.skipTest("jq is not installed")
        with tempfile.TemporaryDirectory() as folder:
            run = InventedRun(folder)
            self.addCleanup(run.end)
            stranger = subprocess.Popen(["sleep", "600"])  # the pid of a rank that died, given to somebody else
            self.addCleanup(stranger.wait)
            self.addCleanup(stranger.kill)
            for process in run.ranks:
                process.kill()
                process.wait()
            run.ranks = [stranger] * 4
            killer = subprocess.Popen([ROOT / "deploy/killer", "--longhaul", run.dir / "longhaul", "--run-dir", folder,
                                       "--every", "1"], stderr=subprocess.DEVNULL)
            for _ in range(40):
                run.step += 1
                run.write()
                time.sleep(0.1)
            killer.kill()
            killer.wait()
            self.assertIsNone(stranger.poll())
            run.ranks = []


if __name__ == "__main__":
    unittest.main()
