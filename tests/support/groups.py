"""The groups of ./tests/run: each a function of the tier that returns Results."""
import concurrent.futures
import json
import os
import sys
import tempfile
from pathlib import Path

import results
from processes import ROOT, run
from results import Results

UNIT_TIMEOUT_S = 600
JOBS = int(os.environ.get("LONGHAUL_JOBS") or os.cpu_count())
CLANG_TIDY_FILES = 10  # in the default tier: a file takes 5 to 25 s


class Broken(Exception):
    """The group could not be run at all; the message says why."""


def install(tiers):
    if tiers and run([ROOT / "deploy/install-packages", *tiers], shown=True)[1] != 0:
        raise Broken(f"packages are missing (deploy/install-packages {' '.join(tiers)})")


def build(preset, *targets):
    script = f'. "{ROOT}/deploy/common.sh"; build {preset} {" ".join(targets)}'
    if run(["bash", "-c", script], shown=True)[1] != 0:
        log = ROOT / f"build/{preset}/build.log"
        said = log.read_text(errors="replace") if log.exists() else ""
        raise Broken(f"preset {preset} does not build\n{said[-6000:]}")


def tap(command, name, timeout_s, env=None):
    output, code = run(command, timeout_s, env)
    counted = results.from_tap(output, name)
    if code != 0 and counted.failed == 0:
        counted.add(Results.failure(f"{name}: exit code {code}", output[-4000:]))
    return counted


def python_tests(files, timeout_s, env=None):
    """A list without files and a file without tests are failures: a group must not shrink unnoticed."""
    if not files:
        return Results.failure("no file with tests was found")
    total = Results()
    for path in files:
        name = os.path.relpath(path, ROOT)
        print(f"   {name}", flush=True)
        counted = tap([sys.executable, "-B", ROOT / "tests/support/unittest_tap.py", path], name, timeout_s, env)
        if counted.passed + counted.failed + len(counted.skipped) == 0:
            counted = Results.failure(f"{name}: no test in it")
        total.add(counted)
    return total


def unit_program(path, env=None):
    """The program has a temporary folder of its own: nothing of another run is in its way, nothing stays."""
    with tempfile.TemporaryDirectory(prefix="lh-") as folder:
        report = Path(folder) / "report.xml"
        files = Path(folder) / "t"  # short: sockets lie in it, whose names have at most 107 bytes
        files.mkdir()
        env = {**(env or {}), "TMPDIR": str(files), "TEST_TMPDIR": f"{files}/"}
        output, code = run([path, f"--gtest_output=xml:{report}"], UNIT_TIMEOUT_S, env)
        if not report.exists():  # it died before it could write one
            return Results.failure(f"{path.name}: exit code {code}", output[-6000:])
        counted = results.from_gtest(report.read_text(), path.name)
        if code != 0 and counted.failed == 0:  # a leak, say, found after the last test
            counted.add(Results.failure(f"{path.name}: exit code {code}", output[-6000:]))
        return counted


def unit(preset, env=None):
    # CTest's list and not the folder: a test that was removed may still lie there.
    listing, _ = run(["ctest", "--test-dir", f"build/{preset}", "--show-only=json-v1"])
    programs = sorted(Path(test["command"][0]) for test in json.loads(listing)["tests"])
    total = Results()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for counted in pool.map(lambda path: unit_program(path, env), programs):
            total.add(counted)
    return total


# ── the groups ──


def tools(_tier):
    """The tests of the tests, and of the scripts in deploy/: what decides over good and bad must be right itself."""
    total = Results()
    for folder in ("tidy", "support", "deploy"):
        total.add(python_tests(sorted(ROOT.glob(f"tests/{folder}/*_test.py")), 300))
    return total


def tidy(_tier):
    return tap([ROOT / "tests/tidy/run"], "tidy", 300)


def build_dev(_tier):
    build("dev")
    return Results(passed=1)


def unit_dev(_tier):
    build("dev")  # or it would test what was built some time ago
    return unit("dev")


def e2e(_tier):
    build("dev")
    env = {"LONGHAUL_BIN": str(ROOT / "build/dev/bin")}
    return python_tests(sorted(ROOT.glob("tests/e2e/*_test.py")), 1200, env)


def page(_tier):
    build("dev")
    return tap([ROOT / "tests/page/run"], "page", 1200, {"LONGHAUL_BIN": str(ROOT / "build/dev/bin")})


def clang_tidy(tier):
    build("dev")
    files = sorted(str(p.relative_to(ROOT)) for top in ("base", "config", "wire", "checkpoint", "telemetry", "trainer", "daemon")
                   for p in (ROOT / top).rglob("*.cc"))
    if tier != "full":
        changed, _ = run(["git", "diff", "--name-only", "HEAD~1", "--", "*.cc"])
        first = [f for f in files if f in changed.split()] + [f for f in files if f.startswith("daemon/core/")]
        files = list(dict.fromkeys(first))[:CLANG_TIDY_FILES] or files[:CLANG_TIDY_FILES]
    total = Results()

    def check(path):
        output, code = run(["clang-tidy-14", "-p", "build/dev", "--quiet", path], 600)
        return Results(passed=1) if code == 0 else Results.failure(f"clang-tidy: {path}", output[-3000:])

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for counted in pool.map(check, files):
            total.add(counted)
    return total


SANITIZER_OPTIONS = {
    "LONGHAUL_SLOW": "1",
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


def asan(_tier):
    """Unit tests, and one run of real processes with a rank killed in it."""
    build("asan")
    total = unit("asan", SANITIZER_OPTIONS)
    env = {"LONGHAUL_BIN": str(ROOT / "build/asan/bin"), **SANITIZER_OPTIONS}
    total.add(python_tests([ROOT / "tests/e2e/rank_killed_test.py"], 1200, env))
    return total


def tsan(_tier):
    build("tsan")
    return unit("tsan", SANITIZER_OPTIONS)


def bare(_tier):
    return tap([ROOT / "tests/bare/run"], "bare", 3600)


def gpu(_tier):
    return Results(skipped=["gpu: this version computes on CPUs only; there is no GPU code to test"])
