# Set-up, demo and checks. Every target makes .venv first; all that is needed is Python 3.11 or later, as $(PYTHON).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The stamp bears the interpreter's name, so that `make PYTHON=python3.13 test` makes the environment anew.
STAMP := $(VENV)/.installed-$(notdir $(PYTHON))
TYPED := build/typed/coro2cuda
WORKERS ?= 2
OUT ?= out

.PHONY: help demo test check lint types test-gpu fuzz fuzz-frontend fuzz-gpu soak sanitize sanitize-tests explore bench clean

help:
	@echo 'make demo      the neutron slab: a million particles, checked against the analytic answer, with a picture'
	@echo 'make test      the tests'
	@echo 'make check     lint, types and tests in random order: what CI runs'
	@echo 'make test-gpu  the tests that need a GPU'
	@echo 'make soak      SECONDS=300 of mixed programs with random parameters, checked'
	@echo 'make sanitize  compute-sanitizer over a program of every kind'
	@echo 'make sanitize-tests  TOOL=racecheck SECONDS=3600 over the GPU tests, from where the last call ended'
	@echo 'make explore   the executor under N=2000 random schedules and weak memory, each of many scenarios'
	@echo 'make fuzz      N=1000 random programs on all backends against asyncio'
	@echo 'make fuzz-gpu  N=2000 of them on the GPU'
	@echo 'make fuzz-frontend  every function of the standard library: compiled or refused'
	@echo 'make bench     the table of ratios, with a GPU against hand-written CUDA'
	@echo 'make clean     remove all that make made'
	@echo 'PYTHON=python3.12 picks the interpreter, WORKERS=8 the number of test processes.'

$(STAMP): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("coro2cuda needs Python 3.11 or later: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	extras=dev; if nvidia-smi -L >/dev/null 2>&1; then extras=dev,cuda; fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$$extras]"
	@touch $@

demo: $(STAMP)
	@mkdir -p $(OUT)
	$(BIN)/coro2cuda run examples/neutron_slab.py --stats --output $(OUT)/neutron_slab.png

test: $(STAMP)
	$(BIN)/pytest -n $(WORKERS) $(PYTEST_ARGS)

check: lint types test

lint: $(STAMP)
	$(BIN)/ruff check .

# The package spans four folders, which type checkers do not see through an editable install: a tree of links shows it
# to them as it is installed.
types: $(STAMP)
	@rm -rf $(TYPED) && mkdir -p $(TYPED)
	@ln -s $(CURDIR)/coro2cuda/* $(CURDIR)/frontend $(CURDIR)/lowering $(CURDIR)/runtime $(TYPED)/
	$(BIN)/mypy

# Where the current Python has cupy (a GPU machine without a registry, after `pip install --no-deps .`) it runs the
# tests as it is, without those that need a hypothesis it may lack: none of them is for the GPU. -P keeps ./coro2cuda,
# which is only part of the package, from hiding the installed one.
test-gpu:
	@if $(PYTHON) -c 'import cupy, pytest' 2>/dev/null; then python=$(PYTHON); \
	else $(MAKE) --no-print-directory $(STAMP) && python=$(BIN)/python; fi && \
	ignored=$$($$python -c 'import hypothesis' 2>/dev/null || \
		grep -rlE '^(from|import) hypothesis' tests --include='test_*.py' | sed 's/^/--ignore=/') && \
	$$python -P -m pytest -m gpu $$ignored $(PYTEST_ARGS)

# Mixed programs with random parameters, checked, for SECONDS.
soak: $(STAMP)
	$(BIN)/python tests/fuzz/soak.py --seconds $(or $(SECONDS),300) $(SOAK_ARGS)

# The GPU tests under a TOOL of compute-sanitizer, for SECONDS; those that pass are remembered, and not run again.
sanitize-tests:
	@if $(PYTHON) -c 'import cupy, pytest' 2>/dev/null; then python=$(PYTHON); \
	else $(MAKE) --no-print-directory $(STAMP) && python=$(BIN)/python; fi && \
	$$python -P tests/sanitize.py $(or $(TOOL),memcheck) --seconds $(or $(SECONDS),3600) \
		--record $(OUT)/sanitized.json $(SANITIZE_ARGS)

# compute-sanitizer over a program of every kind: any report fails. initcheck wants frames read by their slots alone.
sanitize:
	@if $(PYTHON) -c 'import cupy' 2>/dev/null; then python=$(PYTHON); \
	else $(MAKE) --no-print-directory $(STAMP) && python=$(BIN)/python; fi && \
	for tool in memcheck racecheck synccheck initcheck; do \
		narrow=$$([ $$tool = initcheck ] && echo 0); \
		CORO2CUDA_WIDE_FRAMES=$$narrow compute-sanitizer --tool $$tool --error-exitcode 1 \
			$$python -P tests/fuzz/every_kind.py || exit 1; \
	done

explore: $(STAMP)
	$(BIN)/python tests/explorer/explore.py --schedules $(or $(N),2000) $(EXPLORE_ARGS)

fuzz: $(STAMP)
	$(BIN)/python tests/fuzz/fuzz_many.py --programs $(or $(N),1000) --folder $(OUT)/fuzz --report $(OUT)/fuzz.txt $(FUZZ_ARGS)

fuzz-frontend: $(STAMP)
	$(BIN)/python tests/fuzz/fuzz_frontend.py $(if $(N),--functions $(N))

# As test-gpu, with the current Python where it has cupy.
fuzz-gpu:
	@if $(PYTHON) -c 'import cupy, pytest' 2>/dev/null; then python=$(PYTHON); \
	else $(MAKE) --no-print-directory $(STAMP) && python=$(BIN)/python; fi && \
	$$python -P tests/fuzz/fuzz_many.py --programs $(or $(N),2000) --backend cuda --folder $(OUT)/fuzz \
		--report $(OUT)/fuzz-gpu.txt $(FUZZ_ARGS)

bench: $(STAMP)
	@mkdir -p $(OUT)
	$(BIN)/python benchmarks/run.py --json $(OUT)/benchmarks.json

clean:
	rm -rf $(VENV) build dist $(OUT) *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find coro2cuda frontend lowering runtime tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
