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
