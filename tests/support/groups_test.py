"""A group of tests must not look green because it ran nothing, something old, or half."""
import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import groups
import runner
from results import Results


class GroupsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python_tests(self, files):
        with contextlib.redirect_stdout(io.StringIO()):
            return groups.python_tests(files, 60)

    def test_no_file_and_a_file_without_tests_are_failures(self):
        self.assertEqual(self.python_tests([]).failed, 1)
        full = self.file("full_test.py", "import unittest\nclass A(unittest.TestCase):\n    def test_a(self): pass\n")
        empty = self.file("empty_test.py", "import unittest\n")
        counted = self.python_tests([full, empty])
        self.assertEqual((counted.passed, counted.failed), (1, 1))
        self.assertIn("empty_test.py: no test in it", counted.failures[0])

    def test_a_unit_program_has_a_temporary_folder_that_is_gone_afterwards(self):
        program = self.file("some_test", f"""#!/bin/sh
echo litter >"$TMPDIR/file" && echo "$TMPDIR" >{self.folder}/where
echo '<testsuites><testsuite><testcase name="a" status="run" classname="A"/></testsuite></testsuites>' >"${{1#*:}}"
""")
        counted = groups.unit_program(program)
        self.assertEqual((counted.passed, counted.failed), (1, 0), counted.failures)
        where = (self.folder / "where").read_text().strip()
        self.assertNotIn(where, ("", os.environ.get("TMPDIR"), "/tmp"))
        self.assertFalse(Path(where).exists())

    def test_unit_tests_are_built_before_they_run(self):
        called = []
        with mock.patch.object(groups, "build", lambda preset: called.append(f"build {preset}")), \
                mock.patch.object(groups, "unit", lambda preset: called.append(f"unit {preset}")):
            groups.unit_dev("quick")
        self.assertEqual(called, ["build dev", "unit dev"])


class RunnerTest(unittest.TestCase):
    def run_main(self, *functions):
        table = [(f"group-{i}", ("default",), [], function) for i, function in enumerate(functions)]
        said = io.StringIO()
        with mock.patch.object(runner, "GROUPS", table), contextlib.redirect_stdout(said):
            return runner.main([]), said.getvalue().splitlines()

    def test_a_group_that_raises_has_failed_and_the_others_still_run(self):
        def broken(_tier):
            raise FileNotFoundError("no ctest")

        code, lines = self.run_main(broken, lambda _tier: Results(passed=2))
        self.assertEqual((code, lines[-1]), (1, "2 passed, 1 failed"))
        self.assertTrue(any("no ctest" in line for line in lines), lines)

    def test_a_group_without_a_test_has_failed(self):
        self.assertEqual(self.run_main(lambda _tier: Results())[1][-1], "0 passed, 1 failed")


if __name__ == "__main__":
    unittest.main()
