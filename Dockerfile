# Two stages: the wheel is built where the build tools are, and only the wheel goes on.
FROM python:3.12-slim AS wheel
WORKDIR /src
COPY requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY flows/ flows/
COPY connectors/ connectors/
RUN pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /dist .

FROM python:3.12-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY requirements/run.txt /opt/profile-export/
RUN pip install --no-cache-dir --require-hashes -r /opt/profile-export/run.txt
COPY --from=wheel /dist/ /opt/profile-export/
RUN pip install --no-cache-dir --no-deps --no-index /opt/profile-export/*.whl

# The only folder that is written to: state, rejects and dead letters. A number, not a name, so that
# an orchestrator can see that it is not root.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/profile-export
WORKDIR /var/lib/profile-export
USER 10001:10001

# No shell in between: the stop signal reaches Python, which closes the epoch and delivers.
ENTRYPOINT ["profile-export"]
CMD ["--help"]
