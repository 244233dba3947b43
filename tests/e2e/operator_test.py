"""The operator's commands on a living run."""
import json
import signal
import subprocess
import time
from pathlib import Path

from run_support import BIN, RunTest, wait_for


def read(path):
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


class Operator(RunTest):
    def test_pause_resume_checkpoint_and_stop(self):
        run = self.run_of(steps=100000, every=100000)
        run.start()
        run.wait_step(5)
        dry = run.command("pause", "--dry-run")
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertIn("would be accepted", dry.stdout)
        self.assertEqual(run.status()["state"], "training")

        self.assertEqual(run.command("checkpoint").returncode, 0)
        saved = wait_for("a checkpoint", lambda: run.status()["last_checkpoint"])
        self.assertGreaterEqual(saved["step"], 5)

        self.assertEqual(run.command("pause", "--reason", "maintenance").returncode, 0)
        wait_for("the pause", lambda: run.status()["state"] == "paused")
        self.assertEqual(run.rank_pids(), [])
        at = run.status()["step"]
        refused = run.command("checkpoint")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("the run is paused", refused.stderr)

        self.assertEqual(run.command("resume").returncode, 0)
        status = run.wait_step(at + 3)
        self.assertEqual(status["lost_steps"], 0)

        self.assertEqual(run.command("stop").returncode, 0)
        summary, code = run.wait_end()
        self.assertEqual(code, 0, run.tail())
        self.assertGreaterEqual(int(summary["steps"]), at + 3)
        self.assertEqual(run.command("status").returncode, 4)

    def test_interrupted_while_it_starts_nothing_is_left_behind(self):
        for delay_s in (0.02, 0.1, 0.25, 0.5, 1.0):
            run = self.run_of(steps=1000000)
            run.start()
            time.sleep(delay_s)
            run.kill(run.keeper.pid, signal.SIGINT)
            run.wait_end()
            left = lambda: [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(run.dir) in read(p)]
            wait_for(f"the end of every process, interrupted after {delay_s} s", lambda: not left(), 20)

    def test_what_happened_is_told_in_order(self):
        run = self.run_of(steps=100000)
        run.start()
        run.wait_step(12)
        run.kill(run.rank_pids()[0])
        wait_for("the recovery", lambda: "restored" in [e["kind"] for e in run.events()])
        kinds = [e["kind"] for e in run.events()]
        self.assertEqual(kinds[0], "run_started")
        self.assertLess(kinds.index("checkpoint_saved"), kinds.index("rank_died"))
        self.assertLess(kinds.index("rank_died"), kinds.index("restored"))
        died = next(e for e in run.events() if e["kind"] == "rank_died")
        self.assertIn("signal 9", died["detail"])

    def test_the_status_is_watched_until_it_is_interrupted(self):
        run = self.run_of(steps=100000)
        run.start()
        run.wait_step(3)
        watch = subprocess.Popen([BIN / "longhaul", "status", "--watch", "--json"], cwd=run.dir, stdout=subprocess.PIPE, text=True)
        try:
            first = json.loads(watch.stdout.readline())
            second = json.loads(watch.stdout.readline())
        finally:
            watch.kill()
            watch.communicate()
        self.assertGreater(second["step"], first["step"])
