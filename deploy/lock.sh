#!/usr/bin/env bash
# Writes the lock files: names, versions and hashes for every platform and Python, and nothing of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} pyproject.toml "$@" >/dev/null
}

compile --output-file requirements.lock
# The second agrees with the first, so that what is tested is what runs.
compile --group dev --constraint requirements.lock --output-file requirements-dev.lock
npm install --package-lock-only --silent --no-audit --no-fund </dev/null
echo "Written: requirements.lock, requirements-dev.lock, package-lock.json"
