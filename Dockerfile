# The server, and nothing that it does not need: no torch, no compiler, no root.
#
#   docker build -t captchalab .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL -p 127.0.0.1:8000:8000 \
#     -e CAPTCHALAB_API_KEY=at-least-16-characters -v ./models:/models:ro captchalab
#
# This serves the bundled model; name other ones at the end (`captchalab /models`). docs/deploy.md tells the rest.

FROM python:3.11-slim AS build
WORKDIR /source
RUN python -m venv /opt/captchalab
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src src
# `draw` is for the practice page. The pins hold for the build's own packages too.
RUN PIP_CONSTRAINT=/source/constraints.txt /opt/captchalab/bin/pip install --no-cache-dir --no-compile \
    --disable-pip-version-check '.[serve,draw]' \
 && /opt/captchalab/bin/pip uninstall --yes --disable-pip-version-check pip setuptools \
 && /opt/captchalab/bin/python -m compileall -q -j 0 /opt/captchalab/lib

FROM python:3.11-slim
COPY --from=build /opt/captchalab /opt/captchalab
# Numbers instead of a name: Kubernetes checks `runAsNonRoot` by them.
USER 65532:65532
WORKDIR /tmp
ENV PATH=/opt/captchalab/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    CAPTCHALAB_HOST=0.0.0.0 \
    CAPTCHALAB_PORT=8000
EXPOSE 8000
# SIGTERM lets running requests end; give it longer than CAPTCHALAB_DRAIN_SECONDS before killing.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['CAPTCHALAB_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["captchalab", "serve"]
CMD []
