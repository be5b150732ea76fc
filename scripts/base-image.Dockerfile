# The image that checks run in unless a project names its own: Python, pytest, git, and no compiler.
FROM debian:bookworm-slim
LABEL dev.fixtrail.base=1
ENV LANG=C.UTF-8
# One line, quoted: scripts/base-image reads the list from here when it has to do without a registry.
ARG PACKAGES="python3 python3-pip python3-venv python3-pytest python-is-python3 git ca-certificates"
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $PACKAGES \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
CMD ["bash"]
