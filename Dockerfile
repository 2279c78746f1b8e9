# The bot and the dashboard, a target each; the broker, which shares no layer with them, has Dockerfile.broker. Written
# for the classic builder too, which knows no mounts and builds every stage above the one it is asked for: hence the bot,
# by far the largest, stands last.

# Everything that any program of ours needs, and the compiler. Only a change of the lock makes this anew.
FROM node:22-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --ignore-scripts && npm cache clean --force

FROM packages AS build
COPY tsconfig.json ./
COPY src ./src
# Without the maps, which nobody reads here.
RUN npx --no-install tsc -p . --sourceMap false

# Packages that this program does not name go, and with them all that was there for their sake alone; then what Node
# never reads. The linters are optional packages of their own, as the agent's binary is.
FROM packages AS dashboard-packages
ARG KEEP="diff jose pino piscina uWebSockets.js uplot ws zod"
RUN npm uninstall --no-save --omit=dev --omit=optional --ignore-scripts \
    $(node -p "Object.keys(require('./package.json').dependencies).filter((name) => !' $KEEP '.includes(' ' + name + ' ')).join(' ')") \
  && find node_modules -type f \
    \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.md' ! -iname 'license*' \) -delete \
  # Of uWebSockets.js's binaries the one that this Node loads here.
  && find node_modules/uWebSockets.js/dist/bin -type f \
    ! -name "uws_$(node -p '[process.platform, process.arch, process.versions.modules].join("_")').node" -delete \
  && find node_modules -type d -empty -delete \
  && npm cache clean --force

FROM node:22-bookworm-slim AS dashboard
# Of itself glibc gives each of the many threads an arena of its own, most of which stays empty.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 DASHBOARD_HOST=0.0.0.0 TINYCLAW_DIR=/app/.tinyclaw
WORKDIR /app
COPY package.json ./
COPY --from=dashboard-packages /app/node_modules ./node_modules
COPY --from=build /app/dist/src/core ./dist/src/core
# The page runs the router itself.
COPY --from=build /app/dist/src/workers/router ./dist/src/workers/router
COPY --from=build /app/dist/src/cli ./dist/src/cli
COPY --from=build /app/dist/src/dashboard ./dist/src/dashboard
COPY web ./web
# The mount point as the bot has it: Docker gives a new volume owner and mode of whichever it meets first.
RUN install -d -o 0 -g 10000 -m 2750 /app/.tinyclaw
# A user of its own, who owns nothing, in the group that may read the bot's data.
USER 10003:10000
EXPOSE 3100
CMD ["node", "dist/src/dashboard/main.js"]

# All that the bot and the commands of tinyclaw.sh use. Of date-fns, which the log's roller brings, one language in one
# form; of the agent's SDK what it loads in Node.
FROM packages AS bot-packages
RUN npm uninstall --no-save --omit=dev --ignore-scripts diff piscina uWebSockets.js uplot \
  && find node_modules -type f \
    \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.md' ! -iname 'license*' \) -delete \
  && find node_modules/date-fns -type f \( -name '*.js' -o -path '*/fp/*' \) -delete \
  && find node_modules/date-fns/locale -type f ! -path '*/locale/en-US*' ! -path '*/locale/_lib/*' -delete \
  && rm -f node_modules/@anthropic-ai/claude-agent-sdk/browser-sdk.js node_modules/@anthropic-ai/claude-agent-sdk/bridge.mjs \
  && find node_modules -type d -empty -delete \
  && npm cache clean --force

FROM node:22-bookworm-slim AS bot
# Another gh than Debian's, which is old: the address of a release's .tar.gz and its SHA-256.
ARG GH_URL=
ARG GH_SHA256=
# Further Debian packages that agents are to have, with spaces between.
ARG EXTRA_PACKAGES=
# What comes with the packages and no agent runs goes in the same layer: other languages, manuals, git's servers, and of
# perl, which git brings, what builds, installs and tests its modules, and collation and encodings of Asia.
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    ca-certificates curl git ripgrep $([ -n "$GH_URL" ] || echo gh) $EXTRA_PACKAGES \
  && if [ -n "$GH_URL" ]; then \
    curl -fsSL --retry 3 -o /tmp/gh.tar.gz "$GH_URL" \
    && echo "$GH_SHA256  /tmp/gh.tar.gz" | sha256sum -c - \
    && tar -xzf /tmp/gh.tar.gz -C /tmp --wildcards --no-anchored --transform='s:.*/::' '*/bin/gh' \
    && install -m 755 /tmp/gh /usr/bin/gh; \
  fi \
  && find /usr/share/doc -type f ! -name copyright -delete \
  && rm -rf /tmp/gh* /usr/share/locale/* /usr/share/man/* /usr/share/gitweb \
    /usr/lib/git-core/git-daemon /usr/lib/git-core/git-http-backend /usr/lib/git-core/git-http-push \
    /usr/lib/git-core/git-imap-send /usr/lib/git-core/git-shell /usr/bin/git-shell \
    /usr/lib/*/perl/5.*/CORE /usr/lib/*/perl/5.*/auto/Encode/[CJKT]* /usr/share/perl/5.*/Unicode/Collate \
    /usr/share/perl/5.*/CPAN /usr/share/perl/5.*/Module/CoreList* /usr/share/perl/5.*/TAP /usr/share/perl/5.*/Test2 \
    /var/cache/apt/* /var/cache/debconf/*-old /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/log/apt /var/log/dpkg.log
# Before the real gh on PATH, that of a login shell too.
COPY bin/gh bin/gh-arguments.sh bin/git-credential-tinyclaw bin/install-git-access /usr/local/bin/
# The one host whose repositories agents are given tokens of.
ARG GIT_HOST=github.com
RUN install-git-access --host "$GIT_HOST"
# Agents' own user. What lies in these folders' owner and mode is what Docker gives a new volume.
ARG AGENT_UID=10002
ARG AGENT_GID=10002
RUN groupadd --gid 10000 tinyclaw \
  && groupadd --gid "$AGENT_GID" agent \
  && useradd --uid "$AGENT_UID" --gid "$AGENT_GID" --home-dir /home/agent --no-create-home --shell /bin/bash agent \
  && install -d -o 0 -g 10000 -m 2750 /app/.tinyclaw \
  && install -d -o "$AGENT_UID" -g "$AGENT_GID" -m 700 /home/agent \
  && install -d -o "$AGENT_UID" -g "$AGENT_GID" -m 755 /workspace
WORKDIR /app
COPY package.json ./
COPY --from=bot-packages /app/node_modules ./node_modules
COPY --from=build /app/dist/src ./dist/src
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 TINYCLAW_DIR=/app/.tinyclaw WORKSPACE_ROOT=/workspace \
  AGENT_UID=$AGENT_UID AGENT_GID=$AGENT_GID AGENT_HOME=/home/agent
# Root, of whose rights compose.yaml leaves three, so that agents can be given a user who cannot look into this one.
USER 0:10000
CMD ["node", "dist/src/supervisor/main.js"]
