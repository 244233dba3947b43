"""What unittest_tap.py prints and how it exits: both must tell of every failure."""
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SUPPORT = Path(__file__).resolve().parent


class UnittestTapTest(unittest.TestCase):
    def program(self, body):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name, "some_test.py")
        path.write_text("import unittest\nclass Some(unittest.TestCase):\n" + body)
        return [sys.executable, "-B", SUPPORT / "unittest_tap.py", path]

    def run_of(self, body):
        done = subprocess.run(self.program(body), capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout

    def test_good_and_skipped_tests_exit_with_0(self):
        code, out = self.run_of("    def test_a(self): pass\n    def test_b(self): self.skipTest('no cable')\n")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^ok 1 - Some.test_a .*\nok 2 - Some.test_b .* # SKIP no cable\n1\.\.2\n$")

    def test_whatever_is_reported_as_bad_exits_with_1(self):
        for body in ("self.fail('so')", "raise ValueError('so')", "self.addCleanup(self.fail, 'so')"):
            code, out = self.run_of(f"    def test_a(self): {body}\n    def test_b(self): pass\n")
            self.assertEqual(code, 1, body)
            self.assertIn("not ok 1 - Some.test_a", out)
            self.assertIn("ok 2 - Some.test_b", out)
        code, out = self.run_of("    def test_a(self):\n        with self.subTest('x'): self.fail('so')\n")
        self.assertEqual((code, out.count("not ok")), (1, 1), out)
        code, _ = self.run_of("    @unittest.expectedFailure\n    def test_a(self): self.fail('so')\n")
        self.assertEqual(code, 1)

    def test_a_signal_fails_the_test_with_its_cleanups_and_starts_no_other(self):
        body = ("    def test_a(self):\n        import time\n        self.addCleanup(print, '# put away', flush=True)\n"
                "        for i in range(2):\n            with self.subTest(i):\n"
                "                print('# here', flush=True)\n                time.sleep(600)\n"
                "    def test_b(self): pass\n")
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen(self.program(body), stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            self.assertEqual(process.stdout.readline(), "# here\n")
            process.send_signal(number)
            out, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 1)
            self.assertIn("not ok 1", out)
            self.assertIn(f"stopped by {signal.Signals(number).name}", out)
            self.assertIn("# put away\n1..1\n", out)


if __name__ == "__main__":
    unittest.main()
