# The reconciler's image: Node.js runs the TypeScript sources as they are, so nothing is built.
#
#   docker build -t redisforge .
#   docker run -v redisforge-state:/var/lib/redisforge -p 8080:8080 redisforge
#
# An engine on the same machine is reached by mounting its socket and joining its group:
#   -v /var/run/docker.sock:/var/run/docker.sock --group-add "$(stat -c %g /var/run/docker.sock)"

ARG BASE_IMAGE=node:26.10.0-slim
FROM ${BASE_IMAGE}

# Specs are read with git, over SSH or HTTPS. A base image that has all of it is left as it is.
RUN { command -v git && command -v ssh && test -s /etc/ssl/certs/ca-certificates.crt; } >/dev/null \
  || { apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/*; }

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/node-toolchain scripts/node-toolchain

# The pattern matches nothing in a plain checkout, and then npm installs the packages. Where a build may not reach a
# registry, the caller lays them into the build context (see scripts/reconciler-image.js). The optional packages only
# build native speed-ups; without them one image is the same on every platform.
COPY package.json reconciler-modules* ./
RUN test -d node_modules || npm ci --omit=dev --omit=optional --ignore-scripts && rm -rf scripts

COPY spec-schema spec-schema
COPY reconciler reconciler
COPY ci/check-specs.sh ci/

# The journal, the lease and the Git mirrors. The folder belongs to the user before it becomes a volume: a new volume
# takes over the owner.
RUN mkdir -p /var/lib/redisforge && chown node:node /var/lib/redisforge
VOLUME /var/lib/redisforge
USER node

# Stripped once here instead of at every start, which also spares the running process the stripper (15 MB). The command
# cannot do anything without a repository, but it has loaded everything by then.
ENV NODE_COMPILE_CACHE=/tmp/redisforge-compile
RUN node reconciler/app/main.ts run --once --state-dir /tmp/none --repository /tmp/none --port off >/dev/null 2>&1; rm -rf /tmp/none


# Inside a container its own address is the only one that a published port leads to.
# One arena of glibc's allocator is enough for a process that mostly waits.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    REDISFORGE_STATE_DIR=/var/lib/redisforge \
    REDISFORGE_ADDRESS=0.0.0.0 \
    REDISFORGE_PORT=8080
EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.REDISFORGE_PORT + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# There is no init process: RedisForge handles SIGTERM and SIGINT itself and waits for each git and ssh that it starts,
# so it leaves nothing to reap. `docker run --init` does no harm.
ENTRYPOINT ["node", "/app/reconciler/app/main.ts"]
CMD ["run"]
