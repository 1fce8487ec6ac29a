# make app | make test | make study STUDY=path/to/study.toml | make reproduce | make lint | make bench | make campaign
PORT ?= 8501
STUDY ?=
ROOT ?=
COUNT ?= 1000
VENV := .venv
PY := $(VENV)/bin/python
# What is installed: exact versions with their hashes; another file takes its place where those cannot be had.
REQUIREMENTS ?= requirements.lock
STAMP := $(VENV)/requirements.lock
# The newest Python from 3.11 on; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: app test study reproduce lint bench campaign docs lock setup clean help

help:
	@echo "make app                 open the dashboard on http://127.0.0.1:$(PORT) (PORT=... to change)"
	@echo "make study STUDY=FILE    find the tickets of a study.toml and measure them"
	@echo "make reproduce           put the papers' findings to the test, about an hour of one core; writes docs/reproductions.md"
	@echo "make test                run the tests"
	@echo "make lint                ruff and mypy"
	@echo "make bench               measure speed, as ratios"
	@echo "make campaign            an hour of kills, flipped bits, damaged files and examples (COUNT=... of each)"
	@echo "make docs                write docs/api.md anew from the docstrings, and run the notebook in docs/"
	@echo "make lock                write requirements.lock anew from requirements.txt (needs uv)"

.DEFAULT_GOAL := help

# Installs again only when the requirements are not what was installed; those without hashes, once chosen, stay.
setup:
	@cmp -s $(REQUIREMENTS) $(STAMP) || cmp -s requirements.txt $(STAMP) || $(MAKE) --no-print-directory install

.PHONY: install
install:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "No virtual environment could be made; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing what $(REQUIREMENTS) names into $(VENV); the first time takes some minutes."
	@$(PY) -m pip install --disable-pip-version-check -r $(REQUIREMENTS) || { \
		echo "That did not work. Where a package is to come from elsewhere (another build of torch, say), its hash"; \
		echo "is another: make REQUIREMENTS=requirements.txt setup takes the same versions and checks no hashes."; exit 1; }
	@cp $(REQUIREMENTS) $(STAMP)

app: setup
	@$(PY) -m app --port $(PORT)

study: setup
	@test -n "$(STUDY)" || { echo "Say which study: make study STUDY=path/to/study.toml"; exit 1; }
	$(PY) -m analysis check $(STUDY)
	$(PY) -m pruning run $(STUDY) $(if $(ROOT),--root $(ROOT))
	$(PY) -m analysis run $(STUDY) $(if $(ROOT),--root $(ROOT))

test: setup
	OMP_WAIT_POLICY=passive $(PY) -m pytest -n 2 --dist worksteal --durations=25

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

reproduce: setup
	$(PY) -m analysis reproduce

bench: setup
	$(PY) -m tests.bench

campaign: setup
	$(PY) -m tests.campaign --count $(COUNT)

docs: setup
	$(PY) -m tests.docs

# One lock for all systems and every Python from 3.11 on: what a system does not need carries a marker.
lock:
	@command -v uv >/dev/null || { echo "uv is needed: pip install uv"; exit 1; }
	uv pip compile requirements.txt --universal --python-version 3.11 --generate-hashes --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
