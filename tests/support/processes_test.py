"""Whatever ends the tests, what they started ends too."""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import processes

SUPPORT = Path(__file__).resolve().parent


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def pid(self, name):
        self.assertTrue(within(30, lambda: (self.folder / name).exists()), name)
        return int((self.folder / name).read_text())

    def test_output_and_exit_code_are_told(self):
        self.assertEqual(processes.run(["sh", "-c", "echo out; echo err >&2; exit 3"]), ("out\nerr\n", 3))

    def test_a_program_that_takes_too_long_is_asked_first_and_its_children_end_with_it(self):
        script = f'sleep 600 & echo $! >{self.folder}/child; trap "echo put away; exit" TERM; echo started; wait'
        output, code = processes.run(["sh", "-c", script], timeout_s=1)
        self.assertEqual((output, code), ("started\nput away\n\nstopped after 1 s", 124))
        self.assertTrue(within(5, lambda: gone(self.pid("child"))))

    def test_a_program_that_does_not_listen_is_killed(self):
        self.addCleanup(setattr, processes, "GRACE_S", processes.GRACE_S)
        processes.GRACE_S = 0.2
        output, code = processes.run(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"], timeout_s=1)
        self.assertEqual((output.splitlines()[0], code), ("deaf", 124))

    def test_an_interrupted_program_of_tests_ends_what_it_runs_and_waits_for_its_cleanups(self):
        (self.folder / "some_test.py").write_text(f"""
import subprocess, unittest
from pathlib import Path
class Some(unittest.TestCase):
    def put_away(self):
        self.process.kill()
        self.process.wait()
        Path("{self.folder}/put-away").touch()
    def test_one(self):
        self.process = subprocess.Popen(["sleep", "600"], start_new_session=True)
        self.addCleanup(self.put_away)
        Path("{self.folder}/new").write_text(str(self.process.pid))
        Path("{self.folder}/new").rename("{self.folder}/child")
        self.process.wait()
    def test_two(self):
        Path("{self.folder}/two").touch()
""")
        (self.folder / "runner.py").write_text(f"""
import sys
sys.path.insert(0, "{SUPPORT}")
import processes
processes.stop_on_signals()
processes.run([sys.executable, "-B", "{SUPPORT}/unittest_tap.py", "{self.folder}/some_test.py"])
print("not reached")
""")
        for number in (signal.SIGINT, signal.SIGTERM):
            runner = subprocess.Popen([sys.executable, "-B", self.folder / "runner.py"], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
            self.addCleanup(runner.kill)
            child = self.pid("child")
            os.kill(runner.pid, number)
            out, err = runner.communicate(timeout=60)
            self.assertEqual((runner.returncode, out), (1, ""), err)
            self.assertIn(f"stopped by {signal.Signals(number).name}", err)
            self.assertTrue(gone(child))
            self.assertTrue((self.folder / "put-away").exists())
            self.assertFalse((self.folder / "two").exists())
            (self.folder / "child").unlink()
            (self.folder / "put-away").unlink()


if __name__ == "__main__":
    unittest.main()
