"""Runs the tests of Python files and prints TAP:  unittest_tap.py FILE… [-k PATTERN]"""
import importlib.util
import signal
import sys
import time
import unittest
from pathlib import Path


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.bad = 0
        self.started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def report(self, test, good, note="", details=""):
        self.number += 1
        self.bad += not good
        name = test.id().split(".", 1)[-1] if "." in test.id() else str(test)
        seconds = time.monotonic() - self.started
        print(f"{'ok' if good else 'not ok'} {self.number} - {name} ({seconds:.1f} s){note}")
        for line in details.splitlines():
            print(f"# {line}")
        sys.stdout.flush()

    def addSuccess(self, test):
        self.report(test, True)

    def addFailure(self, test, err):
        self.report(test, False, details=self._exc_info_to_string(err, test))

    addError = addFailure

    def addSkip(self, test, reason):
        self.report(test, True, note=f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        self.report(test, False, details="expected failures are not used here")

    def addUnexpectedSuccess(self, test):
        self.report(test, False, details="expected failures are not used here")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.report(subtest, False, details=self._exc_info_to_string(err, test))


def load(path):
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def stop_on_signals(result):
    """A signal fails the test that runs, with its cleanups (a run of real processes ends in one), and starts
    no other. A second one must not cut the cleanups short."""
    def stop(number, _frame):
        if not result.shouldStop:
            result.stop()
            result.failfast = True  # ends the test at its first subtest, too
            raise SystemExit(f"stopped by {signal.Signals(number).name}")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def main(arguments):
    loader = unittest.TestLoader()
    if "-k" in arguments:
        at = arguments.index("-k")
        loader.testNamePatterns = [f"*{arguments[at + 1]}*"]
        del arguments[at:at + 2]
    suite = unittest.TestSuite(loader.loadTestsFromModule(load(Path(a))) for a in arguments)
    result = TapResult()
    stop_on_signals(result)
    suite.run(result)
    print(f"1..{result.number}")
    return 1 if result.bad or result.shouldStop else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
