# The default image of a sandbox. BASE is any Debian or Ubuntu; what it has already is not installed again, so that a
# base that has everything (scripts/build-base makes one) needs no network here.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
RUN set -e; \
    missing=""; \
    for pair in git:git rg:ripgrep python3:python3 python:python-is-python3 gcc:build-essential make:build-essential \
                patch:patch bash:bash; do \
        command -v "${pair%%:*}" > /dev/null || missing="$missing ${pair##*:}"; \
    done; \
    if [ -n "$missing" ]; then \
        apt-get update; \
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates $missing; \
        rm -rf /var/lib/apt/lists/*; \
    fi; \
    grep -q '^agent:' /etc/passwd || { \
        echo 'agent:x:61317:61317:agent:/home/agent:/bin/bash' >> /etc/passwd; \
        echo 'agent:x:61317:' >> /etc/group; \
    }
ENV LANG=C.UTF-8
USER 61317:61317
WORKDIR /workspace
