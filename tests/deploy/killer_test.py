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


# In place of a status that sometimes cannot be had: every other call after a quiet half second fails. The call
# right before a kill is such a one; while the killer waits for training it asks more often.
FAILS_BEFORE_KILLS = """#!/bin/bash
now=${EPOCHREALTIME/[.,]/} last=0 quiet=0
{ read -r last quiet <"$4/asked"; } 2>/dev/null
((now - last < 500000)) || quiet=$((quiet + 1))
echo "$now $quiet" >"$4/asked"
((now - last < 500000 || quiet % 2)) || { echo >>"$4/failed"; exit 4; }
exec cat "$4/status.json"
"""


class KillerTest(unittest.TestCase):
    def setUp(self):
        if shutil.which("jq") is None:
            self.skipTest("jq is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.runs = 0

    def invented_run(self):
        self.runs += 1
        folder = Path(self.folder, str(self.runs))
        folder.mkdir()
        run = InventedRun(folder)
        self.addCleanup(run.end)
        return run

    def killer(self, run, *words):
        killer = subprocess.Popen([ROOT / "deploy/killer", "--longhaul", run.dir / "longhaul", "--run-dir", run.dir, *words],
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(killer.stderr.close)
        self.addCleanup(killer.wait)
        self.addCleanup(killer.kill)
        return killer

    def killed(self, count, *words, run=None):
        """The first `count` things killed, and whether one fell before the step after a recovery."""
        run = run or self.invented_run()
        killer = self.killer(run, *words)
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
        first = self.killed(4, "--every", "1", "--seed", "1")
        self.assertEqual([kind for kind, _ in first], ["rank", "daemon", "rank", "agent"])
        self.assertEqual(self.killed(4, "--every", "1", "--seed", "1"), first)
        self.assertNotEqual(self.killed(4, "--every", "1", "--seed", "5"), first)

    def test_a_status_that_cannot_be_had_costs_a_turn_and_not_all_others(self):
        run = self.invented_run()
        (run.dir / "longhaul").write_text(FAILS_BEFORE_KILLS)
        killed = self.killed(2, "--every", "2", run=run)
        self.assertEqual([kind for kind, _ in killed], ["rank", "daemon"])
        self.assertTrue((run.dir / "failed").exists())

    def test_a_process_of_another_program_is_left_alone(self):
        run = self.invented_run()
        stranger = subprocess.Popen(["sleep", "600"])  # the pid of a rank that died, given to somebody else
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        for process in run.ranks:
            process.kill()
            process.wait()
        run.ranks = [stranger] * 4
        killer = self.killer(run, "--every", "1")
        for _ in range(40):
            run.step += 1
            run.write()
            time.sleep(0.1)
        self.assertIsNone(killer.poll(), "the killer ended by itself")
        self.assertIsNone(stranger.poll())
        run.ranks = []


if __name__ == "__main__":
    unittest.main()
