# Shared by the scripts in deploy/ and tests/: words for the reader, on standard error so that standard
# output stays for results. Source it; it sets `root`, the repository.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
# fail CODE MESSAGE…: exit codes as in docs/operations.md (2 usage or configuration, 3 failed).
fail() {
  local code=$1
  shift
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit "$code"
}

# A big C++ file needs up to 1.5 GB while it is compiled: more jobs than memory only swap. LONGHAUL_JOBS
# overrides.
build_jobs() {
  local cores gigabytes
  if [[ -n ${LONGHAUL_JOBS:-} ]]; then
    echo "$LONGHAUL_JOBS"
    return
  fi
  cores=$(nproc)
  gigabytes=$(awk '/MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
  ((gigabytes < 1)) && gigabytes=1
  echo $((cores < gigabytes ? cores : gigabytes))
}

# build PRESET TARGET…: configures when needed, builds, shows progress by tens of percent. The whole
# output is in build/PRESET/build.log; its end is shown when the build fails.
# Two builds of one folder at once would spoil each other's files: the second waits.
build() {
  mkdir -p "$root/build/$1"
  (
    exec {build_lock}>"$root/build/$1/build.lock"
    flock --nonblock "$build_lock" || { say "waiting for another build of $1"; flock "$build_lock"; }
    build_locked "$@"
  )
}
build_locked() {
  local preset=$1 log start=$SECONDS
  shift
  log=$root/build/$preset/build.log
  export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root}
  if [[ ! -f $root/build/$preset/build.ninja ]]; then
    (cd "$root" && cmake --preset "$preset") >"$log" 2>&1 || { tail -n 30 "$log" >&2; return 1; }
  fi
  if ! (
    set -o pipefail
    NINJA_STATUS='%p %f/%t ' ninja -C "$root/build/$preset" -j "$(build_jobs)" "$@" 2>&1 | tee "$log" |
      awk -v preset="$preset" '
        $1 ~ /^[0-9]+%$/ { p = int($1 / 10); if (p > last) { last = p; printf "  build %s: %s\n", preset, $1 > "/dev/stderr" } }'
  ); then
    grep -E -A 12 '^FAILED|error:' "$log" | head -n 40 >&2
    return 1
  fi
  say "built $preset in $((SECONDS - start)) s"
}
