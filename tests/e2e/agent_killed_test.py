"""An agent dies and its ranks with it: a spare or a new agent takes over."""
from run_support import DISTURBED, RunTest, alive, wait_for


class AgentKilled(RunTest):
    def test_its_ranks_die_with_it_and_a_spare_takes_them_over(self):
        expected = self.undisturbed(steps=DISTURBED)
        run = self.run_of(steps=DISTURBED, spares=1)
        run.start("--exit")
        status = run.wait_step(13)
        victims = [r["pid"] for n in status["nodes"] if n["name"] == "node-1" for r in n["ranks"]]
        self.assertTrue(victims)
        run.kill(run.agent_pid("node-1"))
        wait_for("the ranks of a dead agent to be gone", lambda: not any(alive(pid) for pid in victims), 5)

        def recovered():
            status = run.status()
            return status if status and status["restarts"] == 1 and status["state"] == "training" else None
        status = wait_for("training after the loss", recovered)
        where = {n["name"]: n["state"] for n in status["nodes"]}
        self.assertEqual(where["node-2"], "healthy", where)
        summary, code = run.wait_end()
        self.assertEqual((code, summary["restarts"]), (0, "1"), run.tail())
        self.assert_same_result(summary, expected)

    def test_without_a_spare_its_node_is_started_again(self):
        expected = self.undisturbed(steps=DISTURBED)
        run = self.run_of(steps=DISTURBED)
        run.start("--exit")
        run.wait_step(12)
        first = run.agent_pid("node-0")
        run.kill(first)
        summary, code = run.wait_end()
        self.assertEqual((code, summary["restarts"]), (0, "1"), run.tail())
        self.assertNotEqual(run.agent_pid("node-0"), first)
        self.assert_same_result(summary, expected)
