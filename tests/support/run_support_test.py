"""The end of an end-to-end test takes everything of its run with it."""
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import run_support  # noqa: E402


class CloseTest(unittest.TestCase):
    def test_a_process_that_no_pid_file_names_and_what_it_starts_meanwhile_are_killed(self):
        run = run_support.Run(folder=tempfile.mkdtemp())
        self.addCleanup(run.close)
        # An agent whose pid file is not written yet: it starts another process again and again.
        program = run.dir / "agent"
        program.write_text('#!/bin/sh\nwhile :; do setsid tail -f /dev/null "$2" >/dev/null 2>&1 & sleep 0.01; done\n')
        program.chmod(0o755)
        agent = subprocess.Popen([program, "--run-dir", run.dir], start_new_session=True)
        other = subprocess.Popen(["sleep", "600"])
        self.addCleanup(agent.wait)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        run_support.wait_for("its processes", lambda: len(run_support.processes_of(run.dir)) > 3)
        run.close()
        self.assertEqual(run_support.processes_of(run.dir), [])
        time.sleep(0.1)
        self.assertEqual(run_support.processes_of(run.dir), [])
        self.assertIsNone(other.poll())
        self.assertFalse(run.dir.exists())


if __name__ == "__main__":
    unittest.main()
