# yizhan, from this source alone:   docker build -t yizhan:0.1.0 .
# Your handlers in it:              FROM yizhan:0.1.0
#                                   USER root
#                                   RUN /opt/yizhan/bin/pip install --no-cache-dir your-package
#                                   USER 10001:10001
# Outside of Kubernetes:            docker run -v $PWD/yizhan.toml:/etc/yizhan/yizhan.toml:ro -v yizhan:/var/lib/yizhan \
#                                     --stop-timeout 45 -p 127.0.0.1:8000:8000 yizhan:0.1.0
# What is installed is fixed by hashes. For the same image to the byte, give the base's digest too:
# --build-arg PYTHON=python:3.12-slim-bookworm@sha256:…
ARG PYTHON=python:3.12-slim-bookworm

FROM ${PYTHON} AS builder
# Bytecode comes last and is the same each time; no date of this build gets into the wheel.
ENV PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 SOURCE_DATE_EPOCH=1767225600
WORKDIR /src
COPY requirements-build.lock requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r requirements-build.lock
RUN --mount=type=cache,target=/root/.cache/pip python -m venv /opt/yizhan \
 && /opt/yizhan/bin/pip install --require-hashes --only-binary :all: --no-compile -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY receiver receiver
COPY handlers handlers
RUN /opt/build/bin/hatchling build -t wheel -d dist \
 && /opt/yizhan/bin/pip install --no-deps --no-index --no-compile dist/yizhan-*.whl
# Unchecked: what is in an image does not change, and the files' dates need not be those that were compiled.
RUN /opt/yizhan/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/yizhan/lib \
 && mkdir -p /var/lib/yizhan

FROM ${PYTHON}
LABEL org.opencontainers.image.title="yizhan" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=builder /opt/yizhan /opt/yizhan
COPY --from=builder --chown=10001:10001 /var/lib/yizhan /var/lib/yizhan
ENV PATH=/opt/yizhan/bin:$PATH PYTHONDONTWRITEBYTECODE=1 YIZHAN_DATA_DIR=/var/lib/yizhan
# Where yizhan.toml is looked for.
WORKDIR /etc/yizhan
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
EXPOSE 8000 9100
STOPSIGNAL SIGTERM
# Kubernetes asks /healthz and /readyz itself; elsewhere a check every some seconds would start a Python each time.
HEALTHCHECK NONE
ENTRYPOINT ["yizhan"]
CMD ["run", "--host", "0.0.0.0"]
