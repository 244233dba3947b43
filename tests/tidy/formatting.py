"""What tools say about form. They are run on the files in the repository, not on the parsed tree."""
import shutil
import subprocess
from pathlib import Path

import tree as tree_module

ROOT = Path(__file__).resolve().parents[2]


def shell_parses(tree):
    offences = []
    for path, text in tree.files.items():
        if text.startswith(("#!/bin/bash", "#!/usr/bin/env bash")) or path.endswith(".sh"):
            result = subprocess.run(["bash", "-n", path], cwd=ROOT, capture_output=True, text=True)
            offences += result.stderr.splitlines()
    return offences


def clang_format(tree):
    tool = shutil.which("clang-format-14")
    if tool is None:
        raise tree_module.Skip("clang-format-14 is not installed")
    paths = [path for path, _ in tree.cpp()]
    result = subprocess.run([tool, "--dry-run", "--Werror", "--ferror-limit=1", *paths], cwd=ROOT,
                            capture_output=True, text=True)
    return sorted({line.split(": error")[0] for line in result.stderr.splitlines() if ": error" in line})
