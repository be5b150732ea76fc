# The collector in a container: docker compose up, or
#   docker build -t fixtrail-collector . && docker run -e FIXTRAIL_COLLECTOR_TOKEN=… -p 127.0.0.1:8000:8000 fixtrail-collector
# BASE may be any image with Python 3.11 or newer and its venv module.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/requirements/runtime.txt scripts/requirements/dev.txt requirements/
RUN python3 -m venv /opt/fixtrail \
 && /opt/fixtrail/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
# The build backend with its own dependencies, out of the same lock file as everything else.
RUN awk '/^[a-z]/ { keep = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } keep' \
      requirements/dev.txt > requirements/build.txt \
 && python3 -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY daemon daemon
COPY protocol protocol
COPY sample_repo sample_repo
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/fixtrail/bin/pip install --no-cache-dir --no-deps --no-index /wheels/fixtrail-*.whl

FROM ${BASE}
RUN groupadd --gid 10001 fixtrail \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fixtrail \
 && install -d -o fixtrail -g fixtrail -m 0700 /data
COPY --from=build /opt/fixtrail /opt/fixtrail
ENV PATH=/opt/fixtrail/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    FIXTRAIL_COLLECTOR_HOST=0.0.0.0 \
    FIXTRAIL_COLLECTOR_PORT=8000 \
    FIXTRAIL_COLLECTOR_DATA=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"FIXTRAIL_COLLECTOR_PORT\"]}/health', timeout=4)"]
# The token has no default: without FIXTRAIL_COLLECTOR_TOKEN the collector says so and ends.
CMD ["python", "-m", "fixtrail.collector"]
