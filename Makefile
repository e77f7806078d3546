# Every task is one target. Continuous integration and developers run the same targets.
# Needs Rust, Python 3.10 or newer and make. `make` alone lists the targets.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TARGET ?= .
DEMO ?= demo-dataset
ARGS ?=
CARGO ?= cargo
PROFILE ?= release
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help demo setup dev fmt lint types test test-rust test-python docs docs-generated bench audit static faults wheel ci clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## build, install, mine TARGET (this repository) and show the dataset
	$(BIN)/gitfleet mine $(TARGET) -o $(DEMO)
	$(BIN)/python scripts/look.py $(DEMO)

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

setup: $(VENV)/ready ## make the virtual environment with everything needed to build and test

PYTHON_SOURCES := python tests scripts examples benches

SOURCES := Cargo.toml Cargo.lock pyproject.toml $(shell find src python -name '*.rs' -o -name '*.py' -o -name '*.pyi')

# The package as users get it: the release profile.
$(VENV)/installed: $(VENV)/ready $(SOURCES)
	rm -rf target/demo-wheel
	$(BIN)/maturin build --quiet --release --locked --out target/demo-wheel
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps target/demo-wheel/*.whl
	rm -f $(VENV)/developed
	touch $@

# The package as developers get it: the dev profile, which builds quickly and has debug checks.
$(VENV)/developed: $(VENV)/ready $(SOURCES)
	$(BIN)/maturin develop --quiet --locked
	rm -f $(VENV)/installed
	touch $@

dev: $(VENV)/developed ## build the extension into the environment, unoptimised

fmt: $(VENV)/ready ## format Rust and Python
	$(CARGO) fmt --all
	$(BIN)/ruff format $(PYTHON_SOURCES)
	$(BIN)/ruff check --fix-only --quiet $(PYTHON_SOURCES)

lint: $(VENV)/ready ## formatting, clippy with no, some and all features, ruff
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --no-default-features --all-targets -- -D warnings
	$(CARGO) clippy --locked --features cli --all-targets -- -D warnings
	$(CARGO) clippy --locked --all-features --all-targets -- -D warnings
	$(BIN)/ruff format --check $(PYTHON_SOURCES)
	$(BIN)/ruff check $(PYTHON_SOURCES)

types: $(VENV)/developed ## mypy and pyright, and the stub against the extension
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python -m mypy.stubtest gitfleet._gitfleet --concise

test: test-rust test-python ## all Rust and Python tests

test-rust: ## unit, integration and documentation tests; ARGS go to cargo
	$(CARGO) test --locked --features cli,tls-rustcrypto $(ARGS)

# A full run has to reach the required coverage; a run of the tests that ARGS select does not.
COVERAGE = $(if $(ARGS),,--cov --cov-report=term)

test-python: $(VENV)/developed ## the Python package, with real servers; ARGS go to pytest
	$(BIN)/python -m pytest -q $(COVERAGE) $(ARGS)

docs: $(VENV)/ready ## the site and the Rust documentation; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --features cli

docs-generated: ## rewrite docs/cli.txt and docs/tables.md from the command's help and the schema
	GITFLEET_UPDATE_DOCS=1 $(CARGO) test --locked --features cli --test it -- help_equals_the_help tables_page

BENCH_REPO ?= .
$(VENV)/rivals: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --group bench
	touch $@

bench: $(VENV)/rivals $(VENV)/installed ## compare with git, libgit2, gix, pygit2 and PyDriller on BENCH_REPO (this repository)
	$(CARGO) build --release --locked --features cli
	$(CARGO) build --release --locked -p gitfleet-benches
	$(BIN)/python benches/compare.py $(BENCH_REPO) --gitfleet target/release/gitfleet --libgit2 target/release/libgit2-history
	$(BIN)/python benches/compare_blame.py $(BENCH_REPO) --gitfleet target/release/gitfleet --rival target/release/rival-blame
	$(BIN)/python benches/compare_clone.py $(BENCH_REPO) --gitfleet target/release/gitfleet
	$(BIN)/python benches/compare_python.py
	BENCH_REPO=$(abspath $(BENCH_REPO)) $(CARGO) bench --locked -p gitfleet-benches

audit: ## check licences, sources and C code; if cargo-deny is installed, advisories too
	$(CARGO) test --locked --features cli --test it purity
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --all-features check; \
	else echo 'cargo-deny is not installed: advisories were not checked'; fi

static: ## the command as one static file, target/static/gitfleet; PROFILE=dev builds it quickly
	$(CARGO) rustc --locked --profile $(PROFILE) --features cli --bin gitfleet -- -C target-feature=+crt-static
	mkdir -p target/static
	mv target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/gitfleet target/static/gitfleet

faults: $(VENV)/developed ## make every system call fail in turn, or kill the program there; ARGS go to tests/faults.py
	$(CARGO) build --locked --features cli --bin gitfleet
	@if command -v strace >/dev/null; then $(BIN)/python tests/faults.py $(ARGS) target/debug/gitfleet; \
	else echo 'strace is not installed: no faults were injected'; fi

wheel: $(VENV)/ready ## build the release wheel and try it in a fresh environment of every Python found
	rm -rf dist
	$(BIN)/maturin build --quiet --release --locked --out dist
	sh scripts/pythons.sh $(PYTHON) | while read -r python; do \
		PYTHON=$$python sh scripts/try_wheel.sh dist/*.whl || exit 1; done

# The quickest checks run first. The static executable is built without optimisation here: which
# libraries it needs at run time does not depend on optimisation.
ci: lint audit ## run everything that continuous integration checks
	$(MAKE) static PROFILE=dev
	$(MAKE) test-rust
	$(MAKE) faults ARGS='--sample 2'
	$(MAKE) test-python types docs wheel demo

clean: ## remove what was built
	rm -rf target $(VENV) dist $(DEMO)
