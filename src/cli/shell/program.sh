# shellcheck shell=bash
# src/cli inside containers: where this machine has no Node, and where the data is a volume.

# OPTIONS… -- WORDS…: a command of src/cli in a container of its own, with these options of docker run.
run_program() {
  local options=()
  while [[ "$1" != -- ]]; do
    options+=("$1")
    shift
  done
  docker run --rm --init "${options[@]}" "$(bot_image)" node /app/dist/src/cli/main.js "${@:2}"
}

# As the operator, in the checkout, on this machine's network. The checkout has its own path in there, and Docker its socket
# and program: what the command asks Docker to mount means the same inside and outside.
cli_in_image() {
  need_engine
  ensure_bot_image
  local name options=(--interactive --network host --user "$(id -u):$(id -g)" --env HOME=/tmp)
  if [[ -t 0 && -t 1 ]]; then options+=(--tty); fi
  # Names alone: values on a command line are everybody's to read, and what the operator does not set is not set in there,
  # whatever the image says of itself.
  for name in TINYCLAW_DIR WORKSPACE_ROOT AGENT_UID AGENT_GID $(handed_on); do options+=(--env "$name"); done
  if [[ -d "${TINYCLAW_DIR:-}" ]]; then options+=(--volume "$TINYCLAW_DIR:$TINYCLAW_DIR"); fi
  # init reads the App's key from wherever the operator keeps it.
  if [[ -d "${HOME:-/}" && "$HOME" != / ]]; then options+=(--volume "$HOME:$HOME:ro"); fi
  options+=(--volume "$PWD:$PWD" --workdir "$PWD")
  while IFS= read -r name; do options+=("$name"); done < <(docker_options)
  run_program "${options[@]}" -- "$@"
}

# Names of the operator's variables that commands know; a line each.
handed_on() {
  local known='TELEGRAM_|ANTHROPIC_|CLAUDE_CODE_|GITHUB_|BROKER_|DASHBOARD_|CF_ACCESS_|TUNNEL_|TINYCLAW_|COMPOSE_|AGENT_'
  compgen -e | grep -E "^($known|HTTPS?_PROXY$|https?_proxy$|NO_PROXY$|no_proxy$|NO_COLOR$|TERM$|TZ$|LOG_LEVEL$|WORKSPACE_ROOT$)"
}

docker_options() {
  local host socket
  host="${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}"
  socket="${host#unix://}"
  if [[ -S "$socket" ]]; then
    printf '%s\n' --volume "$socket:/var/run/docker.sock" --group-add "$(stat -c %g -- "$socket")"
  elif [[ -n "${DOCKER_HOST:-}" ]]; then
    printf '%s\n' --env DOCKER_HOST
  fi
  printf '%s\n' --volume "$(readlink -f -- "$(command -v docker)"):/usr/local/bin/docker:ro"
}

# Ends with the status of a command on the data directory: in the bot's container where it runs; in one of its own where
# only the volume is there. Returns where the data is a local directory's.
cli_on_volume() {
  local bot input=()
  if ! docker version >/dev/null 2>&1; then
    if [[ -d .tinyclaw ]]; then return; fi
    need_engine
  fi
  # Standard input is the command's only where it asks for it, or a loop around this script would lose its own.
  if [[ "${*: -1}" == - ]]; then input=(--interactive); else exec </dev/null; fi
  bot="$(containers bot | sed -n 1p)"
  if [[ -n "$bot" ]]; then exec docker exec "${input[@]}" "$bot" node /app/dist/src/cli/main.js "$@"; fi
  if [[ -d .tinyclaw ]] || ! has_volume tinyclaw-data || ! has_image "$(bot_image)"; then return; fi
  run_program "${input[@]}" --network none --cap-drop ALL --user 0:10000 \
    --volume "$(volume tinyclaw-data):/app/.tinyclaw" -- "$@"
  exit
}
