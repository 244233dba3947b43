"""The page in a real browser against a real daemon that is killed meanwhile."""
import os
import subprocess

from run_support import ROOT, RunTest


class Page(RunTest):
    def test_a_browser_follows_the_run_through_a_restart_of_the_daemon(self):
        run = self.run_of(steps=1000000, every=200)
        run.start()
        run.wait_step(20)
        checked = subprocess.run([ROOT / "tests/page/run", f"http://127.0.0.1:{run.port}"], text=True, capture_output=True, timeout=600,
                                 env={**os.environ, "DAEMON_PID_FILE": str(run.dir / "state/daemon.pid")})
        self.assertEqual(checked.returncode, 0, checked.stdout[-3000:] + checked.stderr[-2000:])
        self.assertRegex(checked.stdout.strip().splitlines()[-1], r"^[1-9]\d* passed, 0 failed")
