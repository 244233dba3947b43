"""deploy/install-packages asks the package manager, here an invented one, and names only what is missing."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class InstallPackagesTest(unittest.TestCase):
    def missing(self, states, *tiers):
        """What --print says when dpkg-query knows `states` ("ii " for all that are not named)."""
        with tempfile.TemporaryDirectory() as folder:
            lines = "".join(f"{name}) printf '{state}' ;;\n" for name, state in states.items())
            tool = Path(folder, "dpkg-query")
            tool.write_text(f'#!/bin/bash\ncase "${{@: -1}}" in\n{lines}*) printf "ii " ;;\nesac\n')
            tool.chmod(0o755)
            npm = Path(folder, "npm")
            npm.write_text("#!/bin/sh\n")
            npm.chmod(0o755)
            done = subprocess.run([ROOT / "deploy/install-packages", "--print", *tiers], capture_output=True, text=True, timeout=60,
                                  env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def test_what_is_installed_is_there_whether_it_is_held_or_not(self):
        self.assertEqual(self.missing({"jq": "ii "}, "demo"), [])
        self.assertEqual(self.missing({"jq": "hi "}, "demo"), [])

    def test_what_is_unknown_removed_or_half_installed_is_missing(self):
        for state in ("", "un ", "rc ", "iU ", "iF ", "iHR"):
            self.assertEqual(self.missing({"jq": state}, "demo"), ["jq"], state)

    def test_the_page_needs_a_browser_with_fonts(self):
        self.assertEqual(self.missing({"chromium": "un ", "fonts-liberation": "un "}, "page"), ["chromium", "fonts-liberation"])


if __name__ == "__main__":
    unittest.main()
