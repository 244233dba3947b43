"""The front of ./tests/bench. A benchmark is a folder tests/benchmarks/NAME with a program `run` that
prints JSON lines; it finds what was built by LONGHAUL_BIN. Here every line is checked and completed, so
that all have the same keys, an unknown value is null, and the ratios are never computed by hand."""
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("bench", "metric", "ours", "peer", "peer_name", "limit", "limit_name", "unit", "ratio_to_peer",
        "ratio_to_limit")


class BadLine(Exception):
    """A benchmark printed what is no measurement."""


def complete(line, name):
    """The object of one line with all KEYS, others after them."""
    try:
        given = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadLine(f"{name}: not JSON: {line[:200]!r}") from error
    if not isinstance(given, dict) or not isinstance(given.get("metric"), str) or "ours" not in given:
        raise BadLine(f"{name}: a measurement needs at least metric and ours: {line[:200]!r}")
    given.setdefault("bench", name)
    for other in ("peer", "limit"):
        known = isinstance(given.get("ours"), (int, float)) and given.get(other)
        given[f"ratio_to_{other}"] = given["ours"] / given[other] if known else None
    return {key: given.get(key) for key in KEYS} | given


def hardware():
    def first(path, key):
        for text in Path(path).read_text().splitlines():
            if text.startswith(key):
                return text.split(":", 1)[1].strip()
        return None

    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True).stdout.splitlines()
    return {"bench": "hardware", "cpu": first("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
            "memory_bytes": int(first("/proc/meminfo", "MemTotal").split()[0]) * 1024,
            "kernel": platform.release(), "compiler": compiler[0] if compiler else None,
            "load_1_min": os.getloadavg()[0]}


def prepare(names):
    tiers = [f"bench_{name}" for name in names]
    known = subprocess.run([ROOT / "deploy/install-packages", "--tiers"], capture_output=True, text=True).stdout.split()
    needed = [tier for tier in tiers if tier in known]
    script = f'''set -e; . "{ROOT}/deploy/common.sh"
        build bench'''
    if needed:
        subprocess.run([ROOT / "deploy/install-packages", *needed], check=True)
    subprocess.run(["bash", "-c", script], cwd=ROOT, check=True, stdout=sys.stderr)


def measure(name):
    """Runs one benchmark and prints its lines; False when it failed."""
    program = ROOT / "tests/benchmarks" / name / "run"
    command = [program] if program.exists() else [ROOT / f"build/bench/bin/bench_{name}"]
    env = {**os.environ, "LONGHAUL_BIN": str(ROOT / "build/bench/bin")}
    lines = 0
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.strip():
                print(json.dumps(complete(line, name), ensure_ascii=False), flush=True)
                lines += 1
    if process.returncode != 0 or lines == 0:
        print(f"bench {name}: exit code {process.returncode}, {lines} measurements", file=sys.stderr)
        return False
    return True


def main(arguments):
    known = sorted(p.parent.name for p in ROOT.glob("tests/benchmarks/*/CMakeLists.txt"))
    known = sorted(set(known) | {p.parent.name for p in ROOT.glob("tests/benchmarks/*/run")})
    if arguments == ["--list"]:
        print("\n".join(known))
        return 0
    for name in arguments:
        if name not in known:
            print(f"tests/bench: no benchmark '{name}' (known: {', '.join(known)})", file=sys.stderr)
            return 2
    names = arguments or known
    prepare(names)
    print(json.dumps(hardware()), flush=True)
    try:
        return 0 if all([measure(name) for name in names]) else 3
    except BadLine as bad:
        print(f"tests/bench: {bad}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
