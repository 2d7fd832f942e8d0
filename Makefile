# Two commands: `make run` and `make test`. Every other word is for people who work on the product.
PYTHON ?= python3
BIN := .venv/bin
.PHONY: setup setup-dev run check test bench schema reset
setup:
	@$(PYTHON) -I marketing_hub/install.py requirements.txt
setup-dev:
	@$(PYTHON) -I marketing_hub/install.py requirements-dev.txt
run: setup
	@$(BIN)/python -m marketing_hub.run
test: setup-dev
	$(BIN)/python -m pytest -n auto --dist loadgroup
check: setup-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy . && $(BIN)/lint-imports
	$(BIN)/python manage.py check
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/python -m pytest -q -p no:django -p no:xdist -c /dev/null --rootdir . --noconftest tests/architecture/test_secrets.py
bench: setup-dev
	$(BIN)/python -m bench
schema: setup
	$(BIN)/python manage.py schema --file docs/api/openapi.yaml
reset: setup
	@$(BIN)/python -m marketing_hub.run reset
