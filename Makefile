# From nothing but git, make and Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Seconds for each fuzzing target, and how often as much as in `make test` the tests that try anything try.
SOAK_SECONDS ?= 60
SOAK_TIMES ?= 50

.PHONY: run test check soak fuzz audit lock clean

run: $(VENV)/installed  ## install, then everything in one process, playing a demo against itself
	$(BIN)/yizhan dev --demo

test: $(VENV)/installed  ## install, then all tests
	$(BIN)/pytest

check: $(VENV)/installed  ## all that must hold before a commit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

soak: fuzz  ## what takes long: bytes of any kind

fuzz: $(VENV)/soak-installed
	PYTHONPATH=.:tests $(BIN)/python -m fuzzing $(SOAK_SECONDS)
	FUZZ_TIMES=$(SOAK_TIMES) $(BIN)/pytest tests/receiver/http/test_fuzz.py --timeout 3600

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
	  --upgrade pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	for group in soak audit; do \
	  $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet \
	    --upgrade --group $$group -o requirements-$$group.lock; done

$(VENV)/soak-installed: $(VENV)/installed requirements-soak.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-soak.lock
	@touch $@

$(VENV)/installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "yizhan needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
