# make demo [CASES=folder]: install into .venv, fill the store, serve.   make test: install what tests need, run all.

PYTHON ?= $(firstword $(foreach name,python3.11 python3,$(shell $(name) -c pass 2>/dev/null && echo $(name))) python3)
BIN := .venv/bin
export CASES

.PHONY: help python demo test soak lint bench clean

help:
	@echo 'make demo [CASES=folder]  install into .venv, take in the generated cases or yours, serve on 127.0.0.1:8501'
	@echo 'make test                 install what the tests need, run all of them'
	@echo 'make soak                 kill an ingest 200 times and see that nothing is lost; make test does it 10 times'
	@echo 'make lint                 ruff, mypy --strict, import-linter'
	@echo 'make bench                the figures that README quotes'
	@echo 'make clean                remove .venv and everything built here; your store stays'

python:
	@command -v $(PYTHON) >/dev/null || { echo 'Second Look needs Python 3.11. Run: sudo apt-get install -y python3.11 python3.11-venv' >&2; exit 2; }

demo: python
	@$(PYTHON) scripts/bootstrap.py
	@if [ -n "$$CASES" ]; then exec $(BIN)/secondlook demo --from "$$CASES"; else exec $(BIN)/secondlook demo; fi

test: python
	@$(PYTHON) scripts/bootstrap.py --with test --browser
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

soak: python
	@$(PYTHON) scripts/bootstrap.py --with test
	@$(BIN)/python -m tests.soak

lint: python
	@$(PYTHON) scripts/bootstrap.py --with test --with lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

bench: python
	@$(PYTHON) scripts/bootstrap.py --with test --with bench --browser
	@for script in benchmarks/[!_]*.py; do echo "== $$script"; $(BIN)/python -m "benchmarks.$$(basename "$$script" .py)" || exit 1; done

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
