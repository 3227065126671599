# make run: everything set up, a sample firm, served on http://localhost:8000
# make test: everything set up, every test
# make bench: figures, not judgements
# PYTHON chooses the interpreter (3.11 to 3.14).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench soak lint clean
.DELETE_ON_ERROR:

run: $(VENV)/.installed
	$(BIN)/python -m server run

test: $(VENV)/.installed
	$(BIN)/python deployment/browser.py
	$(BIN)/python -m pytest

bench: $(VENV)/.installed
	$(BIN)/python deployment/browser.py
	$(BIN)/python -m tests.bench

soak: $(VENV)/.installed
	$(BIN)/python -m pytest -m soak

lint: $(VENV)/.installed
	$(BIN)/python -m ruff check .

$(VENV)/.installed: requirements.lock deployment/venv.sh
	sh deployment/venv.sh $(PYTHON) $(VENV)

clean:
	rm -rf $(VENV) var
