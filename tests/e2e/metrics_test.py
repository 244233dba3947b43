"""What Prometheus gets: accepted by its own checker, and true."""
import re
import shutil
import subprocess
import urllib.request

from run_support import RunTest


def value(text, name):
    found = re.search(rf"^{name}(?:{{[^}}]*}})? ([-+.e0-9]+)$", text, re.M)
    return float(found.group(1)) if found else None


class Metrics(RunTest):
    def test_promtool_accepts_them_and_they_agree_with_the_status(self):
        self.assertTrue(shutil.which("promtool"), "promtool is missing (Debian package prometheus)")
        run = self.run_of(steps=100000)
        run.start()
        before = run.wait_step(12)
        url = f"http://{run.config['telemetry']['metrics_listen']}/metrics"
        text = urllib.request.urlopen(url).read().decode()
        after = run.status()
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertLessEqual(before["step"], value(text, "train_step"))
        self.assertLessEqual(value(text, "train_step"), after["step"])
        self.assertRegex(text, r'train_run_state\{[^}]*state="training"[^}]*\} 1')
        self.assertGreater(value(text, "train_loss"), 0)
        for state, count in after["node_counts"].items():
            self.assertIn(f'train_nodes{{state="{state}"}} {count}\n', text)
        self.assertEqual(len(after["node_counts"]), 7)
        self.assertGreater(value(text, "train_checkpoint_duration_seconds"), 0)
        self.assertGreater(value(text, "train_checkpoint_stall_seconds"), 0)
        self.assertTrue(0 < value(text, "train_goodput_ratio") <= 1)
        self.assertGreaterEqual(value(text, "train_processed_tokens_total"), value(text, "train_tokens"))

    def test_steps_that_are_run_again_count_as_processed_and_as_rolled_back(self):
        run = self.run_of(steps=100000, every=1000)  # nothing is saved: all of it is run again
        run.start()
        before = run.wait_step(20)["step"]
        run.kill(run.rank_pids()[0])
        run.wait_step(before + 20)
        url = f"http://{run.config['telemetry']['metrics_listen']}/metrics"
        text = urllib.request.urlopen(url).read().decode()
        tokens_a_step = run.config["batch"]["global"] * run.config["model"]["sequence_length"]
        again = value(text, "train_rolled_back_steps_total")
        self.assertGreaterEqual(again, before)
        self.assertGreaterEqual(value(text, "train_processed_tokens_total"), value(text, "train_tokens") + before * tokens_a_step)
        self.assertEqual(again, run.status()["lost_steps"])
