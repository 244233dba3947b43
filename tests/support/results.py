"""How tests of every kind are counted: GoogleTest's XML, and TAP for all else."""
import re
from dataclasses import dataclass, field
from xml.etree import ElementTree


@dataclass
class Results:
    passed: int = 0
    failed: int = 0
    skipped: list = field(default_factory=list)   # "name: reason"
    failures: list = field(default_factory=list)  # "name" or "name\noutput"

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    @staticmethod
    def failure(name, output=""):
        return Results(failed=1, failures=[f"{name}\n{output}".rstrip()])


def from_gtest(text, program):
    """text: what --gtest_output=xml wrote (its JSON leaves out why a test was skipped)."""
    results = Results()
    for case in ElementTree.fromstring(text).iter("testcase"):
        name = f"{program}: {case.get('classname')}.{case.get('name')}"
        skip, failures = case.find("skipped"), case.findall("failure")
        if case.get("status") != "run":
            results.skipped.append(f"{name}: disabled in its source")
        elif skip is not None:
            results.skipped.append(f"{name}: {' '.join(skip.get('message', '').splitlines()[1:]) or 'no reason given'}")
        elif failures:
            results.failed += 1
            results.failures.append("\n".join([name] + [f.get("message", "") for f in failures]))
        else:
            results.passed += 1
    return results


TAP_LINE = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*?)(?:\s*#\s*SKIP\S*\s*(.*))?$", re.I)


def from_tap(text, program):
    """Lines after a `not ok` up to the next result belong to it. A plan (1..N) that is not kept is a
    failure: a test program that dies half way must not count as a small success."""
    results, plan, seen = Results(), None, 0
    for line in text.splitlines():
        if match := re.match(r"^1\.\.(\d+)", line):
            plan = int(match.group(1))
        elif match := TAP_LINE.match(line):
            seen += 1
            bad, name, reason = match.groups()
            if reason is not None:
                results.skipped.append(f"{program}: {name}: {reason or 'no reason given'}")
            elif bad:
                results.failed += 1
                results.failures.append(f"{program}: {name}")
            else:
                results.passed += 1
            last_failed = bool(bad) and reason is None
        elif line.lstrip().startswith("#") and seen and last_failed:
            results.failures[-1] += "\n" + line
    if plan is None or plan != seen:
        promised = "no plan" if plan is None else f"{plan} planned"
        results.add(Results.failure(f"{program}: {promised}, {seen} reported", text[-4000:]))
    return results
