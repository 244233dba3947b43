"""deploy/demo in a copy of its folder where installing, building and the run itself are invented: how it begins
and how it ends."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# `longhaul run` prints a line each 0.1 s; signals are noted and end it. It takes what a demo gives it: default signals.
LONGHAUL = """#!/bin/bash
[[ $1 == run ]] || exit 0
for name in INT TERM QUIT HUP; do trap "echo $name >>'$STATE/signals'; exit 0" $name; done
echo $$ >"$STATE/pid.new" && mv "$STATE/pid.new" "$STATE/pid"
while :; do
  echo "a line"
  sleep 0.1
done
"""
# Two at once fail; a built program is there when it ends.
NINJA = """#!/bin/bash
mkdir "$STATE/building" || exit 1
sleep 0.5
mkdir -p "$2/bin"
cp "$STATE/longhaul" "$2/bin/longhaul"
rmdir "$STATE/building"
"""
CORPUS = """#!/bin/bash
touch "$STATE/corpus"
while [[ -e $STATE/wait ]]; do sleep 0.05; done
mkdir -p "$2"
echo "data: {}" >"$2/data.yaml"
"""


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class DemoTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        (self.dir / "deploy").mkdir()
        (self.dir / "build/release").mkdir(parents=True)
        (self.dir / "build/release/build.ninja").touch()
        (self.dir / "tools").mkdir()
        for name in ("demo", "common.sh"):
            shutil.copy(ROOT / "deploy" / name, self.dir / "deploy" / name)
        for name, text in (("deploy/install-packages", "#!/bin/sh\n"), ("deploy/corpus", CORPUS), ("tools/ninja", NINJA),
                           ("longhaul", LONGHAUL)):
            (self.dir / name).write_text(text)
            (self.dir / name).chmod(0o755)
        self.env = {**os.environ, "STATE": str(self.dir), "PATH": f"{self.dir}/tools:{os.environ['PATH']}"}

    def demo(self, *words):
        process = subprocess.Popen(["env", "--default-signal=INT,QUIT", self.dir / "deploy/demo", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=self.env)
        for cleanup in (process.stdout.close, process.stderr.close, process.wait, process.kill):
            self.addCleanup(cleanup)
        return process

    def pid_of_run(self):
        path = self.dir / "pid"
        self.assertTrue(within(30, path.exists))
        pid = int(path.read_text())
        self.addCleanup(lambda: gone(pid) or os.kill(pid, signal.SIGKILL))
        path.unlink()
        return pid

    def assert_run_ended(self, pid, by):
        self.assertTrue(within(10, lambda: gone(pid)), "the run lives on")
        self.assertEqual((self.dir / "signals").read_text(), by + "\n")
        (self.dir / "signals").unlink()

    def test_each_signal_reaches_the_run_once_however_early(self):
        for number, by in ((signal.SIGINT, "INT"), (signal.SIGTERM, "TERM"), (signal.SIGHUP, "TERM"),
                           (signal.SIGQUIT, "TERM")):
            for seconds in (0, 0.3):
                demo = self.demo()
                pid = self.pid_of_run()
                time.sleep(seconds)
                demo.send_signal(number)
                self.assert_run_ended(pid, by)
                self.assertEqual(demo.wait(30), 0)

    def test_nobody_reads_its_output_any_more(self):
        demo = self.demo()
        pid = self.pid_of_run()
        self.assertEqual(demo.stdout.readline(), "a line\n")
        demo.stdout.close()
        self.assert_run_ended(pid, "TERM")
        self.assertNotEqual(demo.wait(30), 0)

    def test_a_port_that_was_taken_while_it_was_built_is_not_used(self):
        (self.dir / "wait").touch()
        demo = self.demo("--run-dir", str(self.dir / "run"))
        self.assertTrue(within(30, (self.dir / "corpus").exists))
        with socket.socket() as other:
            for port in range(8080, 8200):  # the one that it would have chosen before
                try:
                    other.bind(("127.0.0.1", port))
                    other.listen()
                    break
                except OSError:
                    continue
            (self.dir / "wait").unlink()
            pid = self.pid_of_run()
            config = (self.dir / "run/run.yaml").read_text()
        self.assertIn('listen: "127.0.0.1:', config)
        self.assertNotIn(f'listen: "127.0.0.1:{port}"', config)
        demo.terminate()
        self.assert_run_ended(pid, "TERM")

    def test_two_at_once_build_one_after_the_other(self):
        demos = [self.demo("--run-dir", str(self.dir / f"run-{i}")) for i in range(2)]
        for demo in demos:
            self.assertEqual(demo.stdout.readline(), "a line\n", demo.poll())
            demo.terminate()
        for demo in demos:
            self.assertEqual(demo.wait(30), 0)


if __name__ == "__main__":
    unittest.main()
