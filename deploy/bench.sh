#!/usr/bin/env bash
# Measures speed and size on SQLite, and on PostgreSQL where that is installed: deploy/bench.sh [--full] [--seconds S]
#
# PostgreSQL is a cluster made for this run, with its own settings for durability, unless MHFA_TEST_POSTGRES_URL names a
# server (no database) whose user may create databases: postgresql+psycopg://user:password@host:port
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${MHFA_BENCH_INSIDE_CLUSTER:-}" = yes ]; then
    # pg_virtualenv's own messages went elsewhere; ours go where the caller reads.
    exec >&3 3>&-
    MHFA_TEST_POSTGRES_URL="postgresql+psycopg://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT"
    export MHFA_TEST_POSTGRES_URL
elif [ -z "${MHFA_TEST_POSTGRES_URL:-}" ]; then
    if command -v pg_virtualenv >/dev/null; then
        export MHFA_BENCH_INSIDE_CLUSTER=yes
        exec pg_virtualenv -t -c '--locale C.UTF-8 --encoding UTF8' "$PWD/deploy/bench.sh" "$@" 3>&1 >/dev/null
    fi
    echo "PostgreSQL is not installed (make system), so only SQLite is measured." >&2
fi

exec .venv/bin/python -m tests.bench "$@"
