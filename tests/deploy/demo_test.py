"""deploy/demo refuses what cannot be right before it installs, builds or writes anything."""
import fcntl
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def demo(*words):
    done = subprocess.run([ROOT / "deploy/demo", *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class BadOptionsTest(unittest.TestCase):
    def test_each_is_named_and_exits_2(self):
        for words, expected in [(["--stepz", "3"], "--stepz"), (["--steps"], "--steps needs a value"),
                                (["--steps", "many"], "--steps many"), (["--steps=-1"], "--steps -1"),
                                (["--port", "70000"], "--port 70000"), (["--port", "0"], "--port 0"),
                                (["--kill-every", "0"], "--kill-every 0"), (["now"], "unexpected 'now'"),
                                (["--port", "08080"], "--port 08080"), (["--nodes", "08"], "--nodes 08"),
                                (["--nodes", "010"], "--nodes 010"), (["--nodes", "0"], "--nodes 0"),
                                (["--steps", "0"], "--steps 0"), (["--ranks-per-node", "0"], "--ranks-per-node 0"),
                                (["--tp", "0"], "--tp 0"), (["--tp", "2"], "--tp 2"), (["--pp", "2"], "--pp 2"),
                                (["--dp", "3"], "--dp 3"), (["--seed", "00"], "--seed 00"),
                                (["--steps", "1000000000000000"], "--steps 1000000000000000")]:
            code, out, err = demo(*words)
            self.assertNotIn("install", err)
            self.assertEqual((code, out), (2, ""), err)
            self.assertIn(expected, err.splitlines()[-1])

    def test_a_port_that_was_asked_for_and_is_in_use_leaves_nothing_behind(self):
        with socket.socket() as busy, tempfile.TemporaryDirectory() as folder:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            port = busy.getsockname()[1]
            code, _, err = demo("--port", str(port), "--run-dir", f"{folder}/run")
            self.assertEqual(code, 2)
            self.assertIn(f"port {port} is in use", err)
            self.assertFalse(Path(folder, "run").exists())

    def test_the_directory_of_a_live_run_is_left_as_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "state").mkdir()
            Path(folder, "run.yaml").write_text("run:\n  seed: 42\n")
            with open(Path(folder, "state/daemon.lock"), "w+") as lock:
                lock.write("4711\n")
                lock.flush()
                fcntl.flock(lock, fcntl.LOCK_EX)
                code, _, err = demo("--run-dir", folder)
            self.assertEqual(code, 2)
            self.assertIn("another daemon owns this run (process 4711)", err)
            self.assertEqual(sorted(p.name for p in Path(folder).iterdir()), ["run.yaml", "state"])
            self.assertEqual(Path(folder, "run.yaml").read_text(), "run:\n  seed: 42\n")

    def test_help_names_every_option(self):
        code, out, _ = demo("--help")
        self.assertEqual(code, 0)
        for option in ("steps", "nodes", "ranks-per-node", "spares", "tp", "pp", "dp", "kill-every", "kill-seed", "port",
                       "run-dir", "exit"):
            self.assertIn(f"--{option}", out)


if __name__ == "__main__":
    unittest.main()
