# Every target first brings the one .venv up to date; with an unchanged lock that costs nothing.
PYTHON ?= python3
BIN := .venv/bin
# The make targets never look at a developer's own servers: nobody's real number gets test messages.
PRIVATE := env -u DATABASE_URL -u REDIS_URL -u EVOLUTION_API_URL -u EVOLUTION_API_KEY -u ANCLORA_CLOUD_ACCOUNT_ID \
	-u ANCLORA_CLOUD_TOKEN -u ANCLORA_CLOUD_APP_SECRET -u ANCLORA_CLOUD_VERIFY_TOKEN \
	-u SLACK_BOT_TOKEN -u SLACK_WEBHOOK_URL -u SLACK_SIGNING_SECRET -u PAGERDUTY_ROUTING_KEY \
	-u ANCLORA_SMTP_HOST -u ANCLORA_SMTP_FROM -u ANCLORA_SMTP_TO \
	-u ANCLORA_TWILIO_ACCOUNT_SID -u ANCLORA_TWILIO_AUTH_TOKEN -u ANCLORA_TWILIO_FROM -u ANCLORA_TWILIO_TO \
	-u ANCLORA_NOTIFY_WEBHOOK_URL -u ANCLORA_NOTIFY_WEBHOOK_SECRET -u ANCLORA_MEDIA_BUCKET \
	-u SENTRY_DSN -u OTEL_EXPORTER_OTLP_ENDPOINT ANCLORA_ENV_FILE=
STAMP := .venv/.ready

.PHONY: help demo up test check unit slow faults bench fix lock clean
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) scripts/check_python.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: $(STAMP) ## the main job from start to end, on real servers of its own
	@$(PRIVATE) $(BIN)/anclora demo

up: $(STAMP) ## everything on this machine, until Ctrl-C
	@$(BIN)/anclora up

check: $(STAMP) ## format, lint, types, ladder, lengths
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_lengths.py
	$(BIN)/python scripts/reference_pages.py --check
	$(BIN)/python scripts/alert_files.py --check

unit: $(STAMP) ## the fast tests
	$(PRIVATE) $(BIN)/pytest -q tests/unit tests/contract tests/docs tests/fundamentals

slow: $(STAMP) ## the tests on real servers
	$(PRIVATE) $(BIN)/pytest -q tests/property tests/integration tests/journeys

test: check unit slow ## every check CI runs

faults: $(STAMP) ## killed servers and workers, bounded
	$(PRIVATE) $(BIN)/pytest -q tests/faults

bench: $(STAMP) ## one JSON object of ratios; needs node, npm and nginx
	@$(PRIVATE) $(BIN)/python -m benchmarks

fix: $(STAMP) ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## pin the requirements again
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-dev.lock

clean: ## remove what the targets made
	rm -rf .venv .anclora build *.egg-info .pytest_cache .ruff_cache .hypothesis
