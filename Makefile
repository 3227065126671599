# make run: everything set up, a sample firm, served on http://localhost:8000
# make test: everything set up, every test
# make bench: figures, not judgements; make bench sync: those of one group
# PYTHON chooses the interpreter (3.11 to 3.14).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
AGAIN := --last-failed --last-failed-no-failures none

.PHONY: run test bench soak lint audit screenshots messages release clean
.DELETE_ON_ERROR:

run: $(VENV)/.installed
	$(BIN)/python -m server run

# Two workers make browsers wait for each other on a small machine: what fails is judged again by itself.
test: $(VENV)/.installed
	$(BIN)/python -m deployment.browser
	$(BIN)/python -m pytest -n 2 || $(BIN)/python -m pytest $(AGAIN) || $(BIN)/python -m pytest $(AGAIN)

# The groups to measure, as goals beside `bench`: they make nothing themselves.
BENCH := server idle notices reminders sync rounds scale operations crowd handover device approvals replica firms load install disaster restore upgrade
ifneq ($(filter bench,$(MAKECMDGOALS)),)
.PHONY: $(BENCH)
$(BENCH): ; @:
endif

bench: $(VENV)/.installed
	$(BIN)/python -m deployment.browser
	$(BIN)/python -m tests.bench $(filter $(BENCH),$(MAKECMDGOALS))

soak: $(VENV)/.installed
	$(BIN)/python -m pytest -m soak

lint: $(VENV)/.installed
	$(BIN)/python -m ruff check .

$(VENV)/.installed: requirements-dev.lock deployment/venv.sh
	sh deployment/venv.sh $(PYTHON) $(VENV) requirements-dev.lock

# Known holes in locked packages (needs a network), and vendored code as it was published.
audit: $(VENV)/.installed
	$(BIN)/python -m pip_audit --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/python -m deployment.audit

# The pictures of the README and the manifest.
screenshots: $(VENV)/.installed
	$(BIN)/python -m deployment.browser
	ROADBOOK_SCREENSHOTS=1 $(BIN)/python -m pytest tests/browser/test_screenshots.py

# After any text has changed: update the catalogues, say what is untranslated.
messages: $(VENV)/.installed
	$(BIN)/python -m web.build.extract

# The archive of this commit, and its checksum, in build/.
release:
	sh deployment/release.sh build

clean:
	rm -rf $(VENV) var
