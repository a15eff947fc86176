#!/usr/bin/env bash
# All benchmarks, on the PostgreSQL on loopback; each prints what it is compared to.
set -euo pipefail
cd "$(dirname "$0")/.."
PY=.venv/bin/python

if ! $PY -m tests.real_parts --postgres; then
    echo "SKIPPED: the benchmarks need a PostgreSQL on 127.0.0.1:5432 (user root)."
    exit 0
fi

# The peer is AGPL: it lives in an environment of its own and is never a dependency.
PEER=var/bench-peer
HAS_PEER='import sys; from importlib.util import find_spec; sys.exit(find_spec("viewflow") is None)'
if ! "$PEER/bin/python" -c "$HAS_PEER" 2>/dev/null; then
    python3 -m venv --clear "$PEER"
    "$PEER/bin/python" -m pip install --quiet --disable-pip-version-check \
        "django~=5.2.0" "django-viewflow~=2.4" "psycopg[binary]" dj-database-url || rm -rf "$PEER"
fi
if [ -x "$PEER/bin/python" ]; then
    export PEER_PYTHON="$PWD/$PEER/bin/python"
else
    echo "SKIPPED: django-viewflow could not be installed; (c) is left out."
fi

# So is the other reader of event logs, which is AGPL too.
READER=var/bench-pm4py
HAS_READER='import sys; from importlib.util import find_spec; sys.exit(find_spec("pm4py") is None)'
if [ -z "${PM4PY_PYTHON:-}" ]; then
    if ! "$READER/bin/python" -c "$HAS_READER" 2>/dev/null; then
        python3 -m venv --clear "$READER"
        "$READER/bin/python" -m pip install --quiet --disable-pip-version-check "pm4py~=2.7" \
            || rm -rf "$READER"
    fi
    if [ -x "$READER/bin/python" ]; then
        export PM4PY_PYTHON="$PWD/$READER/bin/python"
    else
        echo "SKIPPED: pm4py could not be installed; its reading is left out."
    fi
fi

echo "== What a page costs the processor, beside a bare Django page (SQLite)"
$PY -m bench.pages
echo
echo "== Decisions a second: a purchase of four or five steps, each decision its own transaction"
$PY -m bench.purchase
echo
echo "== The inbox: 1,000,000 open and 5,000,000 finished tasks, and a small site"
$PY -m bench.inbox
echo
echo "== Timers due in the same minute, two workers"
$PY -m bench.timers
echo
echo "== A decision on a page, with the broker up and down"
$PY -m bench.doorbell
echo
echo "== The mirror: a page over 5,000,000 tasks, from roll-ups and from raw rows (MIRROR_ITEMS)"
$PY -m bench.mirror
echo
echo "== The audit CSV of 1,000,000 rows, beside the server's own COPY"
$PY -m bench.audit_csv
echo
echo "== Every page of a site with large observed maps: CPU seconds a page"
$PY -m bench.large_maps
echo
echo "== An event log brought in, beside another program's reading of it (LOG_EVENTS)"
$PY -m bench.logs
echo
echo "== A rehearsal of the purchase workflow: 100 and 10,000 requests on paper"
$PY -m bench.rehearsal
