"""The daemon dies: the ranks do not notice, and no step is missing in the history."""
import json
import signal
import sqlite3
import urllib.request

from run_support import DISTURBED, RunTest, wait_for


def recorded_steps(run):
    with sqlite3.connect(f"file:{run.dir}/state/history.db?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("SELECT step FROM axis ORDER BY step")]


class DaemonKilled(RunTest):
    def test_ranks_do_not_notice_and_no_step_is_missing(self):
        steps = DISTURBED + 100  # two daemons in turn come back in it
        expected = self.undisturbed(steps=steps)
        run = self.run_of(steps=steps)
        run.start("--exit")
        run.wait_step(10)
        pids = run.rank_pids()
        for kills in (1, 2):
            daemon = run.daemon_pid()
            run.kill(daemon)
            status = wait_for("a new daemon", lambda: run.daemon_pid() != daemon and run.status())
            self.assertEqual(status["daemon_restarts"], kills)
            self.assertEqual(status["restarts"], 0)
            wait_for("its agents", lambda: run.rank_pids() == pids)
            run.wait_step(status["step"] + 5)
        summary, code = run.wait_end()
        self.assertEqual((code, summary["restarts"], summary["lost_steps"]), (0, "0", "0"), run.tail())
        self.assertEqual(recorded_steps(run), list(range(1, steps + 1)))
        self.assert_same_result(summary, expected)

    def test_a_daemon_that_is_told_to_leave_is_started_again_and_the_ranks_run_on(self):
        run = self.run_of(steps=120)
        run.start("--exit")
        run.wait_step(10)
        pids, daemon = run.rank_pids(), run.daemon_pid()
        run.kill(daemon, signal.SIGTERM)
        status = wait_for("a new daemon", lambda: run.daemon_pid() != daemon and run.status())
        self.assertEqual((status["daemon_restarts"], status["restarts"]), (1, 0))
        wait_for("its agents", lambda: run.rank_pids() == pids)
        summary, code = run.wait_end()
        self.assertEqual((code, summary.get("steps"), summary.get("restarts")), (0, "120", "0"), run.tail())
        self.assertIn("the ranks run on", run.tail())

    def test_a_second_daemon_on_the_same_directory_leaves(self):
        run = self.run_of(steps=100000)
        run.start()
        run.wait_step(3)
        second = run.command("run", "run.yaml")
        self.assertEqual(second.returncode, 2, second.stderr)
        self.assertIn("another daemon owns this run", second.stderr)
        self.assertIn(str(run.daemon_pid()), second.stderr)
        run.wait_step(run.status()["step"] + 3)

    def test_live_numbers_go_on_where_they_were(self):
        run = self.run_of(steps=100000)
        run.start()
        run.wait_step(5)
        url = f"http://127.0.0.1:{run.port}/api/v1/run"
        before = json.load(urllib.request.urlopen(url))["live"]
        daemon = run.daemon_pid()
        run.kill(daemon)
        wait_for("a new daemon", lambda: run.daemon_pid() != daemon and run.status())
        after = json.load(urllib.request.urlopen(url))["live"]
        self.assertEqual(after["epoch"], before["epoch"])
        self.assertGreaterEqual(after["seq"], before["seq"])
