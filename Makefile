# Two commands: `make run` and `make test`. Every other word is for people who work on the product.
PYTHON ?= python3
BIN := .venv/bin
.PHONY: setup setup-dev run check test bench schema sdk reset
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
	$(BIN)/python manage.py contract
	$(BIN)/python -m pytest -q -p no:django -p no:xdist -c /dev/null --rootdir . --noconftest tests/architecture/test_secrets.py
bench: setup-dev
	$(BIN)/python -m bench
schema: setup
	$(BIN)/python manage.py schema --file docs/api/openapi.yaml
sdk: setup-dev
	$(BIN)/openapi-python-client generate --path docs/api/openapi.yaml --config sdk/python.yaml --meta setup \
		--output-path var/sdk/python --overwrite --fail-on-warning
	mkdir -p var/sdk && cp -r sdk/typescript sdk/php var/sdk/
	$(BIN)/python manage.py phpsdk --file var/sdk/php/src/Hub.php
	cd var/sdk/typescript && npm install --no-package-lock --no-audit --no-fund && npx openapi-typescript \
		../../../docs/api/openapi.yaml -o src/schema.ts && npx tsc
reset: setup
	@$(BIN)/python -m marketing_hub.run reset
