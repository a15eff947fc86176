"""Says which real parts the tests find on this machine, so that what is skipped is seen."""

import shutil
import sys

import psycopg

SERVER = "postgres://root@127.0.0.1:5432/postgres"


def postgres_answers() -> bool:
    """Whether a PostgreSQL answers on loopback as the tests' user."""
    try:
        psycopg.connect(SERVER, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def main() -> int:
    """Print what is there; with --postgres, say by the exit code whether PostgreSQL is."""
    there = postgres_answers()
    if "--postgres" in sys.argv:
        return 0 if there else 1
    print(f"PostgreSQL on loopback: {'there' if there else 'absent, its tests are skipped'}")
    browser = shutil.which("chromium")
    print(f"Chromium: {'there' if browser else 'absent, the browser test is skipped'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
