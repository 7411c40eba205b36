# From nothing but git, make and Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Seconds for each fuzzing target, and how often as much as in `make test` the tests that try anything try.
SOAK_SECONDS ?= 60
SOAK_TIMES ?= 50
# Options of the suite of faults: SOAK_FAULTS="--brokers redis --seconds 20"; --help tells them all.
SOAK_FAULTS ?=

.PHONY: run test check bench bench-growth soak fuzz soak-faults audit lock clean

run: $(VENV)/installed  ## install, then everything in one process, playing a demo against itself
	$(BIN)/yizhan dev --demo

test: $(VENV)/installed  ## install, then all tests
	$(BIN)/pytest --numprocesses auto --dist loadfile

check: $(VENV)/installed  ## all that must hold before a commit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses auto --dist loadfile

bench: .bench/installed  ## measure the ack path beside a bare server and the usual choices; QUICK=1: in two minutes
	@command -v wrk >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get install --yes --quiet wrk; } \
	  || { echo "make bench needs wrk: sudo apt-get install wrk (Debian, Ubuntu), brew install wrk (macOS)"; exit 1; }
	PYTHONPATH=.:tests .bench/bin/python -m bench $(if $(QUICK),--quick,--write)

bench-growth: .bench/installed  ## how cost grows with the inbox, and memory with time; MINUTES=3: less of it; HUGE=1: 10 M
	@command -v wrk >/dev/null || { echo "make bench-growth needs wrk, which make bench installs"; exit 1; }
	PYTHONPATH=.:tests .bench/bin/python -m bench.growth --write $(if $(HUGE),--huge) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(FOLDER),--folder $(FOLDER))

soak: fuzz soak-faults  ## what takes long: bytes of any kind, and machines that fail

fuzz: $(VENV)/soak-installed
	PYTHONPATH=.:tests $(BIN)/python -m fuzzing $(SOAK_SECONDS)
	FUZZ_TIMES=$(SOAK_TIMES) $(BIN)/pytest tests/receiver/http/test_fuzz.py --timeout 3600

soak-faults: $(VENV)/installed  ## kill, hold and fill what can be, on one machine and on many: docs/faults.md
	PYTHONPATH=.:tests $(BIN)/python -m soak --install $(SOAK_FAULTS)

audit: $(VENV)/installed  ## is anything we depend on known to be vulnerable? Asks the network
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.lock
	$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock
	$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-dev.lock

lock: $(VENV)/installed  ## resolve the dependencies anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet \
	  --upgrade pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet \
	  --upgrade pyproject.toml --extra otel --group dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet \
	  --upgrade --group pyproject.toml:build -c requirements-dev.lock -o requirements-build.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet \
	  --upgrade pyproject.toml --group bench -c requirements.lock -o requirements-bench.lock
	for group in soak audit; do \
	  $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet \
	    --upgrade --group pyproject.toml:$$group -o requirements-$$group.lock; done

$(VENV)/installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "yizhan needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/soak-installed: $(VENV)/installed requirements-soak.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-soak.lock
	@touch $@

.bench/installed: requirements-bench.lock
	$(PYTHON) -m venv .bench
	.bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

clean:
	rm -rf $(VENV) .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
