"""What exists is built, and what is built has a test: daemon/core/decide.cc ↔ tests/daemon/core/decide_test.cc.
A source that needs none says why in untested.txt; where the reason is another test, that test exists."""
import posixpath
import re
from pathlib import Path

REASONS = "tests/tidy/untested.txt"


def built_sources(tree):
    def path_of(target, source):
        below_root = re.match(r"\$\{(?:PROJECT|CMAKE)_SOURCE_DIR\}/(.*)", source)
        return below_root.group(1) if below_root else posixpath.normpath(f"{target.folder}/{source}")

    return {path_of(t, s) for t in tree.targets for s in t.sources}


def sources_are_built(tree):
    built = built_sources(tree)
    return [f"{path}: in no add_module or add_program" for path, _ in tree.cpp((".cc",), tests=False)
            if path not in built]


def tests_are_built(tree):
    built = built_sources(tree)
    return [f"{path}: in no add_module_test" for path, _ in tree.cpp((".cc",))
            if path.startswith("tests/") and path.endswith("_test.cc") and path not in built]


def reasons(tree):
    result = {}
    for line in tree.files.get(REASONS, "").splitlines():
        if line.strip() and not line.startswith("#"):
            path, _, reason = line.partition(":")
            result[path.strip()] = reason.strip()
    return result


def sources_have_tests(tree):
    excused, offences = reasons(tree), []
    tests = {Path(path).name for path in tree.files if path.startswith("tests/")}
    for path, _ in tree.cpp((".cc",), tests=False):
        if Path(path).name == "main.cc":
            continue  # wiring only; the end-to-end tests run it
        test = "tests/" + path[:-len(".cc")] + "_test.cc"
        if test in tree.files:
            if path in excused:
                offences.append(f"{REASONS}: {path} has a test now: remove its line")
        elif not excused.get(path):
            offences.append(f"{path}: no {test}, and no reason in {REASONS}")
    for path, reason in excused.items():
        if path not in tree.files:
            offences.append(f"{REASONS}: {path} does not exist")
        for name in re.findall(r"[\w./-]*_test\.(?:cc|py)", reason):  # with its folder or without
            if name not in tree.files and ("/" in name or name not in tests):
                offences.append(f"{REASONS}: {name} does not exist")
    return offences
