# Handoff: the table of contents. `make run` gives the whole product, `make test` all tests.
SHELL := /bin/bash
PY := .venv/bin/python
LOCK := $(shell cksum < requirements/dev.txt | tr ' ' -)
STAMP := .venv/installed-$(LOCK)
PORT ?= 8000
# One more than there are processors: one test waits for the soak most of the time.
WORKERS ?= $$(( $$(getconf _NPROCESSORS_ONLN) + 1 ))
LOOPBACK ?= postgres://root@127.0.0.1:5432/handoff

.PHONY: help install run demo test test-postgres nightly soak kill kill-postgres kill-embedded kill-moving hold race-rows check format translations bench bench-forecast clean

help: ## what there is
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

install: $(STAMP) ## the environment in .venv, from the hashed lock

$(STAMP):
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Handoff needs Python 3.11 or later.")'
	@$(PY) -m pip --version >/dev/null 2>&1 || python3 -m venv --clear .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@rm -f .venv/installed-*
	@touch $@

run: install ## web server and background in one process group; Ctrl-C stops all; PORT=8000
	@PORT=$(PORT) exec $(PY) -m config.run

# `make test APP=approvals` runs tests/approvals; APP may also be a file or a folder.
TESTS = $(if $(APP),$(if $(wildcard tests/$(APP)),tests/$(APP),$(APP)),)

# What is compiled is kept beside the migrated database, wherever Python is told to keep none:
# a test starts some hundred processes.
test test-postgres nightly: export PYTHONDONTWRITEBYTECODE =
test test-postgres nightly: export PYTHONPYCACHEPREFIX = $(CURDIR)/var/tests/compiled

test: install ## all tests on SQLite, in parallel; APP=approvals or APP=path for some of them
	@$(PY) -m tests.real_parts
	$(PY) -m pytest -q -n $(if $(APP),2,$(WORKERS)) --dist worksteal -m "not slow" $(TESTS) $(ARGS)

test-postgres: install ## the same tests on the PostgreSQL at LOOPBACK
	DATABASE_URL=$(LOOPBACK) $(PY) -m pytest -q -n $(WORKERS) --dist worksteal -m "not slow" $(TESTS) $(ARGS)

nightly: install ## the slow properties, the whole real log, and the soak
	HANDOFF_MAPS=2000 $(PY) -m pytest -q -n $(WORKERS) --dist worksteal $(ARGS)
	$(PY) -m tests.acceptance.soak --minutes 60 --kills 20 --load 10

soak: install ## `make run` for an hour at a load of 10, each of its processes killed 20 times
	$(PY) -m tests.acceptance.soak --minutes 60 --kills 20 --load 10

kill: kill-postgres kill-embedded ## 500 requests while processes are killed, on both databases

kill-postgres: install ## the same on the PostgreSQL at LOOPBACK alone
	DATABASE_URL=$(dir $(LOOPBACK))handoff_kill $(PY) -m tests.acceptance.kill --requests 500 --kills 20

kill-embedded: install ## the same on SQLite, with worker and clock in one process
	$(PY) -m tests.acceptance.kill --requests 500 --kills 20 --workers 1

check: install ## lint, types, import walls, Django's own checks
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	HANDOFF_ENV=production SECRET_KEY=$$(printf 'c%.0s' {1..30})heck-0123456789abcdefghijklmnop ALLOWED_HOSTS=handoff.example \
		$(PY) manage.py check --deploy --fail-level WARNING
	$(PY) manage.py makemigrations --check --dry-run

hold: install ## 8 clients that book and spend, and are killed, on both databases
	$(PY) -m tests.acceptance.holding --clients 8 --rounds 200 --kills 20
	DATABASE_URL=$(dir $(LOOPBACK))handoff_hold_kill $(PY) -m tests.acceptance.holding --clients 8 --rounds 200 --kills 20

race-rows: install ## 8 clients that decide rows of one request at once, 50 rounds (PostgreSQL at LOOPBACK)
	HANDOFF_MAPS=1 DATABASE_URL=$(LOOPBACK) $(PY) -m pytest -q -n0 tests/workflows/test_each_races.py

kill-moving: install ## 1,000 running requests moved to a new version by a command that is killed
	$(PY) -m tests.acceptance.moving --requests 1000 --kills 5

format: install ## put the code into shape
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

translations: install ## read the sentences of the source into the catalogues, and compile them
	$(PY) manage.py make_translations de en-gb
	$(PY) manage.py compile_translations

bench: install ## speed, side by side with what it is compared to (PostgreSQL on loopback)
	bench/run.sh

bench-forecast: install ## how good and how fast a simulated log is, by other programs' measure
	bench/forecast.sh

clean: ## forget the environment and the embedded data
	rm -rf .venv var
