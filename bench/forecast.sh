#!/usr/bin/env bash
# How good a forecast is by the field's own measure, and how fast beside Prosimos; each measuring
# package lives in an environment of its own and is never a dependency.
set -euo pipefail
cd "$(dirname "$0")/.."

# environment NAME MODULE PACKAGE: makes it where it is not there, and prints its Python
environment() {
    local folder="var/bench-$1" module="$2" package="$3"
    local there="import sys; from importlib.util import find_spec; sys.exit(find_spec('$module') is None)"
    if ! "$folder/bin/python" -c "$there" 2>/dev/null; then
        python3 -m venv --clear "$folder"
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$package" \
            || { rm -rf "$folder"; return 1; }
    fi
    echo "$PWD/$folder/bin/python"
}

if [ ! -d "${HANDOFF_SHARED:-../shared}/data/logs" ]; then
    echo "SKIPPED: the shared logs are not there (HANDOFF_SHARED)."
    exit 0
fi
DISTANCES_PYTHON="${DISTANCES_PYTHON:-$(environment distances log_distance_measures 'log-distance-measures~=2.2')}" \
    || { echo "SKIPPED: log-distance-measures could not be installed."; DISTANCES_PYTHON=; }
PROSIMOS_PYTHON="${PROSIMOS_PYTHON:-$(environment prosimos prosimos 'prosimos~=2.1')}" \
    || { echo "SKIPPED: prosimos could not be installed."; PROSIMOS_PYTHON=; }
export DISTANCES_PYTHON PROSIMOS_PYTHON

# A database of its own: the maps are not looked for on this site.
export HANDOFF_VAR="$PWD/var/bench-forecast"
unset DATABASE_URL
mkdir -p "$HANDOFF_VAR"
.venv/bin/python manage.py migrate --verbosity 0
.venv/bin/python -m bench.forecast
