"""What ./tests/run runs: groups of tests, each with the tiers that it belongs to, in the order of how
soon they tell something. A group returns Results; a group that finds no test at all has failed, so that a
moved folder cannot pass for a green one."""
import argparse
import sys
import time
import traceback

import groups
import processes
from results import Results

TIERS = ("quick", "default", "full", "gpu")

# name, tiers, packages (tiers of deploy/install-packages), function
GROUPS = [
    ("tools", ("quick", "default", "full"), ["demo"], groups.tools),
    ("tidy", ("quick", "default", "full"), ["tidy"], groups.tidy),
    ("build", ("quick", "default", "full"), ["build"], groups.build_dev),
    ("unit", ("quick", "default", "full"), ["build"], groups.unit_dev),
    ("e2e", ("default", "full"), ["build", "demo", "metrics", "page"], groups.e2e),
    ("page", ("default", "full"), ["build", "page"], groups.page),
    ("clang-tidy", ("default", "full"), ["tidy", "build"], groups.clang_tidy),
    ("asan", ("default", "full"), ["build"], groups.asan),
    ("tsan", ("full",), ["build", "tsan"], groups.tsan),
    ("bare", ("full",), ["bare"], groups.bare),
    ("gpu", ("gpu",), [], groups.gpu),
]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="tests/run", description=__doc__)
    tier = parser.add_mutually_exclusive_group()
    for name in ("quick", "full", "gpu"):
        tier.add_argument(f"--{name}", dest="tier", action="store_const", const=name, default="default")
    parser.add_argument("--only", action="append", metavar="GROUP", choices=[g[0] for g in GROUPS],
                        help="only this group, whatever the tier (may be repeated)")
    parser.add_argument("--list", action="store_true", help="show the groups and their tiers")
    return parser.parse_args(arguments)


def run_group(name, packages, function, tier):
    print(f"── {name}", flush=True)
    start = time.monotonic()
    try:
        groups.install(packages)
        results = function(tier)
    except groups.Broken as broken:
        results = Results.failure(f"{name}: {broken}")
    except Exception as error:  # of the group itself; the other groups still have something to tell
        results = Results.failure(f"{name}: {error!r}", traceback.format_exc())
    if results.passed + results.failed + len(results.skipped) == 0:
        results = Results.failure(f"{name}: no test was found")
    for failure in results.failures:
        head, _, rest = failure.partition("\n")
        print(f"FAILED {head}")
        for line in rest.splitlines()[-80:]:
            print(f"    {line}")
    for reason in results.skipped:
        print(f"skipped {reason}")
    print(f"   {name}: {results.passed} passed, {results.failed} failed in {time.monotonic() - start:.1f} s",
          flush=True)
    return results


def main(arguments):
    options = parse(arguments)
    if options.list:
        for name, tiers, _, _ in GROUPS:
            print(f"{name:12} {', '.join(tiers)}")
        return 0
    total = Results()
    for name, tiers, packages, function in GROUPS:
        chosen = name in options.only if options.only else options.tier in tiers
        if chosen:
            results = run_group(name, packages, function, options.tier)
            total.add(results)
            if name == "build" and results.failed:
                print("nothing can be tested before it builds")
                break
    skipped = f", {len(total.skipped)} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    processes.stop_on_signals()
    sys.exit(main(sys.argv[1:]))
