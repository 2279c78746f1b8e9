# shellcheck shell=bash
# Docker as tinyclaw.sh sees it: which engine and compose, which stack, and its containers, volumes and images.

# Those that run always; a line each.
service_names() {
  printf '%s\n' broker bot dashboard
}

# Ends with what to do where Docker cannot be used. Says nothing and changes nothing where it can.
need_engine() {
  local answer
  command -v docker >/dev/null ||
    fail "there is no docker on the PATH: install Docker Engine 20.10 or newer with its compose plugin, https://docs.docker.com/engine/install/"
  if ! answer="$(timeout 30 docker version --format '{{.Server.Version}}' 2>&1)"; then
    case "$answer" in
      *"permission denied"*)
        fail "no permission on Docker's socket: run this as root, or 'sudo usermod -aG docker $(id -un 2>/dev/null)' and log in anew"
        ;;
      *) fail "Docker's daemon does not answer; 'sudo systemctl start docker' starts it. It was asked, and: $(last_line "$answer")" ;;
    esac
  fi
  is_at_least "$answer" 20 10 ||
    fail "Docker Engine $answer is too old: install 20.10 or newer, https://docs.docker.com/engine/install/"
  answer="$(timeout 30 docker compose version --short 2>/dev/null)" || answer=''
  if ! is_at_least "$answer" 1 0; then
    fail "'docker compose' does not work: install the package docker-compose-plugin, 2.4 or newer, https://docs.docker.com/compose/install/"
  fi
  # 1.29 answers for the plugin on some distributions; 2.0 to 2.3 do not know the top-level name.
  if [[ "${answer#v}" != 1.29.* ]] && ! is_at_least "$answer" 2 4; then
    fail "docker compose $answer is too old: install the package docker-compose-plugin, 2.4 or newer, https://docs.docker.com/compose/install/"
  fi
}

# Whether a version such as 20.10.24+dfsg1 or v2.27 is MAJOR.MINOR or newer.
is_at_least() {
  local major minor
  [[ "$1" =~ ^v?([0-9]+)\.([0-9]+) ]] || return 1
  major="${BASH_REMATCH[1]}" minor="${BASH_REMATCH[2]}"
  ((major > $2 || (major == $2 && minor >= $3)))
}

last_line() {
  sed -n '$p' <<<"$1"
}

# `docker compose` on this stack. The standard variables are spelled out: not every compose behind `docker compose` reads
# them. A file of COMPOSE_FILE is where the caller meant it.
compose() {
  local words=(--project-directory "$PWD" --project-name "$(project)") part parts=()
  if [[ -n "${COMPOSE_FILE:-}" ]]; then
    IFS="${COMPOSE_PATH_SEPARATOR:-:}" read -ra parts <<<"$COMPOSE_FILE"
    for part in "${parts[@]}"; do words+=(--file "$(from_caller "$part")"); done
  fi
  while IFS= read -r part; do words+=(--env-file "$part"); done < <(given_env_files)
  docker compose "${words[@]}" "$@"
}

given_env_files() {
  local parts part
  IFS=, read -ra parts <<<"${COMPOSE_ENV_FILES:-}"
  for part in "${parts[@]}"; do from_caller "$part"; done
}

# The files that compose takes variables from; a line each.
env_files() {
  if [[ -n "${COMPOSE_ENV_FILES:-}" ]]; then given_env_files; else printf '%s\n' .env; fi
}

# A variable as compose sees it: from the environment, else the last line of the files that sets it, else nothing.
setting() {
  if [[ -n "${!1+set}" ]]; then
    printf '%s\n' "${!1}"
    return
  fi
  local file line value=''
  while IFS= read -r file; do
    line="$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*//p" -- "$file" 2>/dev/null | sed -n '$p')"
    line="${line%$'\r'}"
    case "$line" in
      \"*) line="${line#\"}" value="${line%%\"*}" ;;
      \'*) line="${line#\'}" value="${line%%\'*}" ;;
      '#'*) value='' ;;
      ?*) line="${line%%[[:space:]]#*}" value="${line%"${line##*[![:space:]]}"}" ;;
    esac
  done < <(env_files)
  printf '%s\n' "$value"
}

project() {
  local name
  name="$(setting COMPOSE_PROJECT_NAME)"
  printf '%s\n' "${name:-tinyclaw}"
}

tag() {
  local name
  name="$(setting TINYCLAW_TAG)"
  printf '%s\n' "${name:-latest}"
}

# Ids of the containers of this stack, or of one service, that run or that Docker is about to start again; a line each.
containers() {
  local filters=(--filter "label=com.docker.compose.project=$(project)")
  filters+=(--filter status=running --filter status=restarting --filter status=paused)
  if [[ -n "${1:-}" ]]; then filters+=(--filter "label=com.docker.compose.service=$1"); fi
  docker ps --quiet --no-trunc "${filters[@]}" --filter label=com.docker.compose.oneoff=False
}

volume() {
  printf '%s_%s\n' "$(project)" "$1"
}

has_volume() {
  docker volume inspect -- "$(volume "$1")" >/dev/null 2>&1
}

has_image() {
  docker image inspect -- "$1" >/dev/null 2>&1
}

bot_image() {
  printf 'tinyclaw-bot:%s\n' "$(tag)"
}

# What builds have to say goes to standard error, for standard output may be read by a program.
build_images() {
  need_room 3072 "building the images"
  compose build "$@" >&2 </dev/null
}

ensure_images() {
  local service missing=()
  for service in $(service_names); do
    if ! has_image "tinyclaw-$service:$(tag)"; then missing+=("$service"); fi
  done
  if [[ ${#missing[@]} -gt 0 ]]; then
    say "building the images of ${missing[*]}; the first time takes some minutes"
    build_images "${missing[@]}" || fail "the images could not be built; the lines above say why"
  fi
  hand_over_secrets
}

ensure_bot_image() {
  if has_image "$(bot_image)"; then return; fi
  say "building the bot's image; the first time takes some minutes"
  build_images bot || fail "the bot's image could not be built; the lines above say why"
}

# The broker runs under a user of its own, who must be able to read what is in secrets/, and nobody else.
hand_over_secrets() {
  if [[ -z "$(ls -A secrets 2>/dev/null)" || "$(stat -c '%u %g' secrets)" == *10001* ]]; then return; fi
  docker run --rm --network none --user 0:0 --volume "$PWD/secrets:/secrets" --entrypoint sh "$(bot_image)" -c \
    'chgrp -R 10001 /secrets && chmod 2750 /secrets && find /secrets -type f -exec chmod 640 {} +'
}
