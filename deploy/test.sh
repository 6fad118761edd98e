#!/usr/bin/env bash
# Runs the suite on SQLite and on PostgreSQL: deploy/test.sh [pytest arguments]
#
# PostgreSQL is a cluster made for this run and thrown away with it (pg_virtualenv), unless
# MHFA_TEST_POSTGRES_URL names a server (no database) whose user may create databases:
# postgresql+psycopg://user:password@host:port
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/common.sh
source deploy/common.sh

fail() {
    echo "$1 'make system' installs it or says how." >&2
    exit 1
}

if [ "${MHFA_TEST_INSIDE_CLUSTER:-}" = yes ]; then
    # pg_virtualenv's own messages went elsewhere; ours go where the caller reads, so that pytest has the last word.
    exec >&3 3>&-
    TMPDIR=$MHFA_TEST_TMPDIR
    [ -n "$TMPDIR" ] || unset TMPDIR
    MHFA_TEST_POSTGRES_URL=$(.venv/bin/python -c '
import os
from sqlalchemy import URL
e = os.environ
url = URL.create("postgresql+psycopg", e["PGUSER"], e["PGPASSWORD"], e["PGHOST"], int(e["PGPORT"]))
print(url.render_as_string(hide_password=False))')
    export MHFA_TEST_POSTGRES_URL
elif [ -z "${MHFA_TEST_POSTGRES_URL:-}" ]; then
    command -v pg_virtualenv >/dev/null || fail "PostgreSQL is missing, and the suite runs on it as well."
    export MHFA_TEST_INSIDE_CLUSTER=yes
    # Each test makes a database and drops it: 400 ms of work for the disk, 20 in memory. Only the cluster goes there.
    export MHFA_TEST_TMPDIR=${TMPDIR:-}
    [ "$(df --output=avail -B1M /dev/shm 2>/dev/null | tail -n 1)" -ge 1024 ] 2>/dev/null && export TMPDIR=/dev/shm
    # -t: a cluster in a temporary folder even for root, so that two runs do not meet. Durability is of no use here.
    exec pg_virtualenv -t -c '--locale C.UTF-8 --encoding UTF8' \
        -o max_connections=300 -o synchronous_commit=off -o full_page_writes=off -o wal_level=minimal -o max_wal_senders=0 \
        -o max_wal_size=128MB \
        "$PWD/deploy/test.sh" "$@" 3>&1 >/dev/null
fi

MHFA_TEST_CHROMIUM=$(find_chromium) || fail "Chromium is missing, and the browser tests need it."
export MHFA_TEST_CHROMIUM
[ -e node_modules/axe-core/axe.min.js ] || fail "axe-core is missing (npm ci), and the browser tests need it."

exec .venv/bin/python -m pytest -n "${TEST_PROCESSES:-2}" --dist loadgroup "$@"
