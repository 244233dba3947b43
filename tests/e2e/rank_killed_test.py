"""A rank dies: the run goes on from the last checkpoint and its curve is the same to the bit."""
from run_support import DISTURBED, RunTest


class RankKilled(RunTest):
    def test_the_run_recovers_and_ends_with_the_same_bits(self):
        expected = self.undisturbed(steps=DISTURBED)
        run = self.run_of(steps=DISTURBED)
        run.start("--exit")
        run.wait_step(13)
        before = run.status()
        run.kill(run.rank_pids()[-1])
        summary, code = run.wait_end()
        self.assertEqual(code, 0, run.tail())
        self.assertEqual(summary["restarts"], "1")
        self.assertGreaterEqual(int(summary["lost_steps"]), 1)
        self.assertLess(int(summary["lost_steps"]), int(before["step"]) + 30)
        self.assert_same_result(summary, expected)
