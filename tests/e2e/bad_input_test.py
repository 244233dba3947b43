"""What people get wrong: one clear message, the right exit code, nothing changed."""
import json
import os
import socket
import subprocess
from pathlib import Path

from run_support import RunTest, wait_for


class BadInput(RunTest):
    def refused(self, run, *needles):
        """`longhaul run` ends with 2 and says all of `needles` in one line; no rank was started."""
        done = run.command("run", "run.yaml", "--exit")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        for needle in needles:
            self.assertIn(needle, done.stderr)
        self.assertFalse(list(run.dir.glob("nodes/*/logs/*/rank-*")))
        return done

    def test_unknown_and_mistyped_keys(self):
        run = self.run_of()
        run.config["model"]["layer"] = 3
        run.write()
        self.refused(run, "run.yaml:", "unknown key model.layer", "did you mean layers?")
        run = self.run_of(model__hidden="many")
        self.refused(run, "model.hidden is 'many'", "whole number")
        self.assertFalse((run.dir / "store").exists())
        check = run.command("config", "check", "run.yaml")
        self.assertEqual(check.returncode, 2)
        self.assertIn("model.hidden is 'many'", check.stderr)

    def test_impossible_topologies(self):
        self.refused(self.run_of(parallel__data=3), "parallel asks for", "3 ranks")
        self.refused(self.run_of(parallel__tensor=2, parallel__data=1), "parallel.tensor is 2")
        self.refused(self.run_of(model__heads=3), "multiple of model.heads")
        self.refused(self.run_of(batch__global=7), "batch.global is 7")

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(self.run_of(telemetry__listen=f"127.0.0.1:{port}"), "telemetry.listen", str(port), "in use")

    def test_a_missing_corpus(self):
        run = self.run_of()
        (run.dir / "corpus/GPL-3.idx").unlink()
        self.refused(run, "GPL-3.idx' does not exist")
        self.assertFalse((run.dir / "store").exists())

    def test_a_damaged_corpus_halts_with_its_name(self):
        run = self.run_of()
        with open(run.dir / "corpus/GPL-3.bin", "r+b") as f:
            f.truncate(1000)
        done = run.command("run", "run.yaml", "--exit")
        self.assertNotEqual(done.returncode, 0)
        said = done.stderr + "".join(p.read_text() for p in run.dir.glob("nodes/*/logs/*/rank-0.err"))
        self.assertIn("GPL-3", said)

    def test_an_unwritable_run_directory(self):
        run = self.run_of(paths__store="/proc/longhaul-store")
        self.refused(run, "paths.store '/proc/longhaul-store' cannot be written")

    def test_a_full_disk_is_named(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        run = self.run_of()
        store = run.dir / "small"
        store.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=3", "tmpfs", store]).returncode != 0:
            self.skipTest("this machine does not allow mounts")
        self.addCleanup(subprocess.run, ["umount", "-l", store])
        (store / "filler").write_bytes(b"x" * 60_000)
        run.config["paths"] = {"store": str(store)}
        run.write()
        self.refused(run, str(store), "No space left")

    def test_a_store_that_fills_up_is_told_once_and_training_goes_on(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        run = self.run_of(steps=100000, every=5, checkpoint__keep_last=1000)
        store = run.dir / "small"
        store.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", store]).returncode != 0:
            self.skipTest("this machine does not allow mounts")
        self.addCleanup(subprocess.run, ["umount", "-l", store])
        run.config["paths"] = {"store": str(store)}
        run.write()
        (store / "filler").write_bytes(b"x" * (40 << 20))
        run.start()
        run.wait_step(7)
        kinds = lambda: [event["kind"] for event in run.events()]
        wait_for("the word of it", lambda: "checkpoint_failed" in kinds())
        step = run.status()["step"]
        run.wait_step(step + 20)
        self.assertEqual(kinds().count("checkpoint_failed"), 1)
        self.assertEqual(run.status()["restarts"], 0)
        (store / "filler").unlink()
        saved = run.status()["last_checkpoint"]["step"]
        wait_for("a save", lambda: run.status()["last_checkpoint"]["step"] > saved)

    def test_a_run_directory_of_another_run_or_configuration(self):
        run = self.run_of(steps=20)
        run.finish()
        before = sorted(p.name for p in Path(run.dir / "store").rglob("*"))
        for section, key, value, needle in (("run", "seed", 8, "seed=7, now seed=8"), ("run", "name", "other", "belongs to run 'e2e'"),
                                            ("optimizer", "learning_rate", 0.5, "learning_rate=0.001, now learning_rate=0.5")):
            kept = run.config[section][key]
            run.config[section][key] = value
            run.write()
            done = run.command("run", "run.yaml", "--exit")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(needle, done.stderr)
            run.config[section][key] = kept
        self.assertEqual(sorted(p.name for p in Path(run.dir / "store").rglob("*")), before)

    def test_another_file_touches_neither_a_live_run_nor_another_runs_directory(self):
        run = self.run_of(steps=100000)
        run.start()
        run.wait_step(2)
        before = (run.dir / "run.yaml").read_bytes()

        def refused(needle, **changes):
            config = json.loads(before)
            for key, value in changes.items():
                section, name = key.split("__")
                config[section][name] = value
            (run.dir / "other.yaml").write_text(json.dumps(config))
            done = run.command("run", "other.yaml", "--run-dir", str(run.dir), "--exit")
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertIn(needle, done.stderr)
            self.assertEqual((run.dir / "run.yaml").read_bytes(), before)

        refused("another daemon owns this run", run__target_steps=50)
        refused("seed=7, now seed=8", run__seed=8)
        self.assertEqual(run.status()["state"], "training")
        run.command("stop")
        run.keeper.wait(60)
        refused("seed=7, now seed=8", run__seed=8)
        refused("belongs to run 'e2e'", run__name="other")

    def test_bad_usage_of_the_command_line(self):
        run = self.run_of()
        for words in (["run"], ["explode"], ["status", "--colour"], ["status", "--run-dir"], ["config", "check"], []):
            done = run.command(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("longhaul", done.stderr)
        away = run.command("status", "--run-dir", "/nowhere")
        self.assertEqual(away.returncode, 2)
        self.assertIn("/nowhere holds no run", away.stderr)
        self.assertEqual(run.command("status").returncode, 4)

    def test_bad_requests_on_the_public_and_the_operators_listener(self):
        run = self.run_of(steps=100000)
        run.start()
        run.wait_step(2)
        for request, status in ((b"POST /api/v1/commands/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"405"),
                                (b"GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
                                (b"GET /api/v1/series?metric=loss&points=-1 HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
                                (b"GET / HTTP/1.1\r\n\r\n", b"400"), (b"\x16\x03\x01\x02\x00\x01\x00", b"400")):
            with socket.create_connection(("127.0.0.1", run.port), timeout=10) as s:
                s.sendall(request)
                s.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: s.recv(65536), b""))
                self.assertIn(status, answer.split(b"\r\n")[0], request)
                if status != b"400":
                    self.assertIn(b"application/problem+json", answer)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(run.dir / "state/operator.sock"))
            body = json.dumps({"resaon": "typo"}).encode()
            s.sendall(b"POST /api/v1/commands/pause HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            answer = b"".join(iter(lambda: s.recv(65536), b""))
            self.assertIn(b"400", answer.split(b"\r\n")[0])
            self.assertIn(b"unknown field 'resaon'", answer)
        self.assertEqual(run.status()["state"], "training")
