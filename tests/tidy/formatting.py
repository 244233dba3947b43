"""What tools say about form."""
import re
import shutil
import subprocess
from pathlib import Path

import tree as tree_module

ROOT = Path(__file__).resolve().parents[2]


def shell_parses(tree):
    offences = []
    for path, text in tree.files.items():
        found = re.match(r"#!(?:/usr)?/bin/(?:env )?(bash|sh)\b", text)
        if found or path.endswith(".sh"):
            shell = found.group(1) if found else "bash"
            result = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True)
            if result.returncode != 0 or result.stderr:
                offences.append(f"{path}: {' '.join(result.stderr.split()) or f'exit code {result.returncode}'}")
    return offences


def clang_format(tree):
    tool = shutil.which("clang-format-14")
    if tool is None:
        raise tree_module.Skip("clang-format-14 is not installed")
    paths = [path for path, _ in tree.cpp()]
    result = subprocess.run([tool, "--dry-run", "--Werror", "--ferror-limit=1", *paths], cwd=ROOT,
                            capture_output=True, text=True)
    offences = sorted({line.split(": error")[0] for line in result.stderr.splitlines() if ": error" in line})
    if result.returncode != 0 and not offences:  # it could not do its work
        offences = [f"clang-format-14: exit code {result.returncode}: {result.stderr.strip()[-300:]}"]
    return offences
