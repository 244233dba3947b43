"""Stopped and started again, the run goes on as if nothing had been."""
import signal

from run_support import DISTURBED, RunTest


class Resume(RunTest):
    def test_ctrl_c_saves_and_the_next_start_ends_with_the_same_bits(self):
        expected = self.undisturbed(steps=DISTURBED)
        run = self.run_of(steps=DISTURBED, every=1000)
        run.start()
        run.wait_step(7)
        run.kill(run.keeper.pid, signal.SIGINT)
        stopped, code = run.wait_end()
        self.assertEqual(code, 0, run.tail())
        saved = int(stopped["steps"])
        self.assertGreaterEqual(saved, 7)
        self.assertTrue(list(run.dir.glob(f"store/checkpoints/step-{saved}-*/manifest.json")))
        summary = run.finish()
        self.assertEqual(summary["lost_steps"], "0")
        self.assert_same_result(summary, expected)

    def test_a_raised_target_and_other_ranks_continue_the_same_curve(self):
        expected = self.undisturbed(steps=60, nodes=2)
        run = self.run_of(steps=30, nodes=2)
        run.finish()
        run.config["run"]["target_steps"] = 60
        run.config["cluster"] = {"nodes": 1, "ranks_per_node": 1}
        run.config["parallel"] = {"data": 1}
        run.write()
        self.assert_same_result(run.finish(), expected)

    def test_a_finished_run_started_again_only_says_so(self):
        run = self.run_of(steps=20)
        first = run.finish()
        again = run.finish()
        self.assert_same_result(again, first)
