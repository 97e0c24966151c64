# syntax=docker/dockerfile:1
# One image for every role: what it does is the argument of `serve`. Its tag names the commit it was built from.
FROM redis:7.2.8-bookworm AS redis

FROM python:3.12.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/anclora \
    && /opt/anclora/bin/pip install --require-hashes --only-binary :all: -r requirements.lock \
    && pip install --require-hashes --only-binary :all: -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY anclora anclora
# The package is built here with the pinned builder, so that no step asks an index for a newer one.
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/anclora/bin/pip install --no-deps --no-index /dist/*.whl

FROM python:3.12.12-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin anclora \
    && install -d -o anclora -g anclora -m 0700 /data
# Backups of Redis are proved by loading them, which needs a server no older than the one they come from.
COPY --from=redis /usr/local/bin/redis-server /usr/local/bin/redis-server
COPY --from=build /opt/anclora /opt/anclora
ENV PATH=/opt/anclora/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ANCLORA_ENV_FILE= \
    ANCLORA_DATA_DIR=/data \
    ANCLORA_METRICS_PORT=8000
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["anclora"]
CMD ["serve", "--role", "all", "--host", "0.0.0.0", "--port", "8000"]
