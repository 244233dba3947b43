"""A flipped byte in the newest checkpoint: it is named, not used, and the older one serves."""
import signal

from run_support import DISTURBED, RunTest, wait_for


def newest(run):
    folders = run.dir.glob("store/checkpoints/step-*")
    return max((f for f in folders if (f / "manifest.json").exists()), key=lambda f: int(f.name.split("-")[1]))


class DamagedCheckpoint(RunTest):
    def stopped_at(self, step):
        run = self.run_of(steps=DISTURBED, every=10)
        run.start()
        run.wait_step(step)
        run.kill(run.keeper.pid, signal.SIGINT)
        _, code = run.wait_end()
        self.assertEqual(code, 0, run.tail())
        return run

    def test_a_flipped_byte_falls_back_to_the_older_one(self):
        expected = self.undisturbed(steps=DISTURBED)
        run = self.stopped_at(23)
        folder = newest(run)
        shard = max(folder.glob("*.safetensors"), key=lambda p: p.stat().st_size)
        with shard.open("r+b") as f:
            f.seek(shard.stat().st_size // 2)
            byte = f.read(1)
            f.seek(-1, 1)
            f.write(bytes([byte[0] ^ 0x10]))
        run.start("--exit")
        summary, code = run.wait_end()
        self.assertEqual(code, 0, run.tail())
        self.assertGreater(int(summary["lost_steps"]), 0)
        self.assert_same_result(summary, expected)
        self.assertTrue((run.dir / f"store/documents/distrusted/{folder.name}.json").exists())
        self.assertIn(shard.name, (run.dir / f"store/documents/distrusted/{folder.name}.json").read_text())

    def test_a_shard_that_is_not_there_falls_back_without_distrust(self):
        expected = self.undisturbed(steps=DISTURBED)
        run = self.stopped_at(23)
        folder = newest(run)
        shard = min(folder.glob("*.safetensors"))
        shard.rename(run.dir / "away")
        run.start("--exit")
        summary, code = run.wait_end()
        self.assertEqual(code, 0, run.tail())
        self.assertGreater(int(summary["lost_steps"]), 0)
        self.assert_same_result(summary, expected)
        self.assertFalse((run.dir / f"store/documents/distrusted/{folder.name}.json").exists())

    def test_each_checkpoint_is_read_back_and_says_so(self):
        run = self.run_of(every=10, checkpoint__keep_last=1)
        run.start()

        def verified():
            checkpoint = (run.status() or {}).get("last_checkpoint")
            return checkpoint and checkpoint["step"] == 60 and checkpoint["verified"] is True
        wait_for("the last checkpoint to be verified; " + run.tail(), verified)
        wait_for("the older ones to go", lambda: len(list(run.dir.glob("store/checkpoints/step-*"))) == 1)

    def test_a_truncated_manifest_is_no_checkpoint(self):
        expected = self.undisturbed(steps=DISTURBED)
        run = self.stopped_at(23)
        manifest = newest(run) / "manifest.json"
        manifest.write_bytes(manifest.read_bytes()[:-20])
        summary = run.finish()
        self.assert_same_result(summary, expected)

    def test_a_save_that_was_never_committed_is_ignored(self):
        expected = self.undisturbed(steps=DISTURBED)
        run = self.stopped_at(23)
        (newest(run) / "manifest.json").unlink()
        summary = run.finish()
        self.assert_same_result(summary, expected)
