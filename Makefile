# `make demo` and `make test` are enough by themselves on a machine with Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TORCH := 2.13.0
PORT ?= 8000
DEMO := build/demo

# Packages of torch's CUDA build: never installed, the models run on the processor.
CUDA := $(addprefix --no-emit-package ,torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cccl \
	nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand \
	nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 \
	nvidia-nvtx)

.PHONY: audit fuzz fuzz-api mutation reliability help setup setup-cluster demo sample test test-full lint format typecheck lock \
	eval metrics clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## create .venv with everything that the other targets need

# torch first and by itself: its CPU build, where a platform has one of that name, else the platform's only build.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "inspectgraph needs Python 3.11 or newer: name one with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps torch==$(TORCH)+cpu \
	  || $(BIN)/python -m pip install --quiet --no-deps --index-url https://download.pytorch.org/whl/cpu torch==$(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup-cluster: $(READY) ## add what the tests over servers and clusters need; Virtuoso is Debian's virtuoso-opensource-7-bin
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'  # knows groups: Python 3.11's own does not
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[servers,cluster]' --group cluster

sample: $(READY) ## write the invented sample corpus to build/sample
	$(BIN)/python -m tests.samples.make_samples build/sample

demo: sample ## build the sample corpus and serve it
	$(BIN)/inspectgraph build build/sample --authorities tests/samples/authorities.csv --data $(DEMO)
	$(BIN)/inspectgraph serve --data $(DEMO) --port $(PORT)

test: $(READY) ## the tests, without the slow ones
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-full: $(READY) ## all tests, with the whole real corpus where it is there
	$(BIN)/python -m pytest -n 2 --dist loadfile

audit: ## hold locked packages against known vulnerabilities, and write a bill of materials to build/sbom.json
	$(PYTHON) -m venv build/audit && build/audit/bin/pip install --quiet pip-audit cyclonedx-bom
	build/audit/bin/cyclonedx-py requirements requirements.lock --output-reproducible -o build/sbom.json
	build/audit/bin/pip-audit --requirement requirements.lock --disable-pip --no-deps --strict

fuzz: $(READY) ## fuzz what reads strangers' words for two hours of processor time
	$(BIN)/python -m benchmarks.fuzz all --seconds 7200

fuzz-api: $(READY) ## hold the API against its OpenAPI document, 20,000 cases
	$(PYTHON) -m venv build/fuzz-api && build/fuzz-api/bin/pip install --quiet schemathesis
	$(BIN)/python -m benchmarks.fuzz_api

reliability: $(READY) ## the full campaigns of docs/reliability.md: kills, refused writes, damages
	$(BIN)/python -m benchmarks.crash_safety --times 50 --instants 1000
	$(BIN)/python -m benchmarks.damaged_releases --trials 2000

mutation: $(READY) ## change the modules that guard, a spot at a time, and see whether a test notices
	$(PYTHON) -m venv build/mutation && build/mutation/bin/pip install --quiet mutmut
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' > $$(build/mutation/bin/python -c 'import site; print(site.getsitepackages()[0])')/inspectgraph.pth
	build/mutation/bin/mutmut run

eval: $(READY) ## score search on the judged queries in ../shared/gold/search
	$(BIN)/python -m benchmarks.evaluate_search

metrics: $(READY) ## write docs/metrics.md: precision and recall of extraction
	$(BIN)/python -m benchmarks.extraction_metrics

lint: $(READY) ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## resolve the dependencies anew and write requirements.lock with hashes
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile pyproject.toml --group dev --universal --generate-hashes --upgrade --quiet \
	  --custom-compile-command "make lock" $(CUDA) --output-file requirements.lock

clean: ## remove what make made, but for the environment
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache
