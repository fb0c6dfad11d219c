# `make demo` and `make test` set up all they need; Python 3.11 or newer is enough.
PYTHON ?= python3
KERAS_BACKEND ?= jax
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
BACKENDS := tensorflow jax torch
OLDER_KERAS := 3.10.0 3.12.4
OLDER := $(addprefix .keras/,$(OLDER_KERAS))
export TF_CPP_MIN_LOG_LEVEL ?= 3

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-name test-full oldest nightly lint format smoke bench conformance exports golden tables pictures docs site \
	notebooks notebooks-small hooks clean

demo: $(VENV)/demo-$(KERAS_BACKEND).stamp
	KERAS_BACKEND=$(KERAS_BACKEND) $(BIN)/python -m keras_acts demo

test: $(VENV)/test.stamp
	$(BIN)/python tests/run.py

# Formula and machinery of one activation or several: make test-name NAME="snake elu"
test-name: $(VENV)/test.stamp
	$(BIN)/python tests/run.py --names $(NAME)

test-full: $(VENV)/test.stamp $(VENV)/docs.stamp $(OLDER)
	$(BIN)/python tests/run.py --full --coverage
	$(BIN)/python tests/run.py --full --keras $(OLDER_KERAS)
	for backend in $(BACKENDS); do KERAS_BACKEND=$$backend $(BIN)/python notebooks/run.py --dry || exit 1; done

# What depends on Keras's private parts, on the oldest version of Keras that is supported.
oldest: $(VENV)/test.stamp $(firstword $(OLDER))
	$(BIN)/python tests/run.py --keras $(firstword $(OLDER_KERAS)) --backends jax

# The canary for what the next Keras changes.
nightly: $(VENV)/test.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --pre --target .keras/nightly keras-nightly
	$(BIN)/python tests/run.py --full --keras nightly

# Each activation through each export, run back: the tables in docs. JAX needs jax2onnx for its second column.
exports: $(VENV)/test.stamp
	for backend in $(BACKENDS); do KERAS_BACKEND=$$backend $(BIN)/python -m tests.exports --save || exit 1; done

# As before each commit, if `make hooks` was run once.
lint: $(VENV)/test.stamp $(VENV)/docs.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	KERAS_BACKEND=jax $(BIN)/python docs/tables.py --check
	$(BIN)/python notebooks/run.py --check

hooks: $(VENV)/docs.stamp
	$(INSTALL) pre-commit
	$(BIN)/pre-commit install

format: $(VENV)/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A wheel, in an empty environment with one backend only.
smoke: $(VENV)/test.stamp
	rm -rf dist .venv-smoke
	$(BIN)/python -m build --wheel --outdir dist --installer pip >/dev/null
	$(PYTHON) -m venv .venv-smoke
	.venv-smoke/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$$(ls dist/*.whl)[jax]"
	cd .venv-smoke && KERAS_BACKEND=jax bin/python ../tests/smoke.py

bench: $(VENV)/test.stamp
	for backend in $(BACKENDS); do \
		KERAS_BACKEND=$$backend $(BIN)/python -m benchmarks default --save || exit 1; \
		KERAS_BACKEND=$$backend $(BIN)/python -m benchmarks measure --save || exit 1; done
	$(BIN)/python -m benchmarks report

# How exact each activation is on each backend: the tables in docs.
conformance: $(VENV)/test.stamp
	for backend in $(BACKENDS); do \
		KERAS_BACKEND=$$backend $(BIN)/python -m keras_acts check --markdown docs/conformance-$$backend.md || exit 1; done

# Files that must load for ever: run once for each release.
golden: $(VENV)/test.stamp $(OLDER)
	for backend in $(BACKENDS); do \
		KERAS_BACKEND=$$backend $(BIN)/python -m tests.everything golden || exit 1; \
		for version in $(OLDER_KERAS); do \
			PYTHONPATH=.keras/$$version KERAS_BACKEND=$$backend $(BIN)/python -m tests.everything golden --older || exit 1; done; done

# What documents say of the catalogue.
tables: $(VENV)/test.stamp
	KERAS_BACKEND=jax $(BIN)/python docs/tables.py

# The documentation, as files in site/: open site/index.html.
docs: $(VENV)/docs.stamp
	KERAS_BACKEND=jax NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean

# The documentation, tried in a browser. Needs Chromium.
site: $(VENV)/test.stamp docs
	KERAS_BACKEND=jax $(BIN)/python -m pytest -q -m site tests/test_site.py

# Runs all of them and keeps what they print and draw. One: .venv/bin/python notebooks/run.py 02
notebooks: $(VENV)/docs.stamp
	KERAS_BACKEND=jax $(BIN)/python notebooks/run.py

notebooks-small: $(VENV)/docs.stamp
	KERAS_BACKEND=$(KERAS_BACKEND) $(BIN)/python notebooks/run.py --small --jobs 2

pictures: $(VENV)/demo-$(KERAS_BACKEND).stamp
	$(BIN)/python -m keras_acts plot softsign leaky_relu elu selu softplus snake lisht squared_relu --strip --output docs/pictures/strip.png

clean:
	rm -rf $(VENV) .venv-smoke .keras dist site demo-output tests/.cache .mypy_cache .ruff_cache .coverage*

.keras/%: | $(VENV)/test.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $@ keras==$*

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-%.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable ".[demo,$(patsubst tensorflow,tensorflow-cpu,$*)]"
	touch $@

$(VENV)/docs.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable ".[jax,docs,notebooks]"
	touch $@

$(VENV)/test.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable ".[tensorflow-cpu,jax,torch,test]"
	touch $@
