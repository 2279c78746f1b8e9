# shellcheck shell=bash
# What is looked at before anything is changed. Each check ends with one line that says what is wrong and how to mend it.

# All that a start needs, but for a free port, which a running stack holds itself.
need_stack() {
  need_engine
  need_env_files
  need_values
  need_secret_files
  need_workspace
  need_room 256 "the stack"
}

need_env_files() {
  local file
  while IFS= read -r file; do
    if [[ -d "$file" ]]; then fail "$file is a directory: remove it, then './tinyclaw.sh init' writes the file"; fi
    if [[ ! -e "$file" ]]; then fail "there is no $file: './tinyclaw.sh init' asks for what it holds and writes it"; fi
    if [[ ! -r "$file" ]]; then fail "$file cannot be read by $(id -un 2>/dev/null): run this as its owner, $(stat -c %U -- "$file")"; fi
  done < <(env_files)
}

need_values() {
  local name missing=()
  for name in TELEGRAM_BOT_TOKEN TELEGRAM_CHAT_ID BROKER_SECRET; do
    if [[ -z "$(setting "$name")" ]]; then missing+=("$name"); fi
  done
  # A login may lie in the agents' home, which only a volume that is there already can hold.
  if [[ -z "$(setting ANTHROPIC_API_KEY)$(setting CLAUDE_CODE_OAUTH_TOKEN)$(setting ANTHROPIC_AUTH_TOKEN)" ]] &&
    ! has_volume agent-home; then
    missing+=("ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN")
  fi
  if [[ ${#missing[@]} -eq 0 ]]; then return; fi
  printf -v name '%s, ' "${missing[@]}"
  fail "missing or empty in $(env_files | sed -n 1p): ${name%, }. './tinyclaw.sh init' asks for what is missing"
}

# The App's key and the policy, as compose.yaml mounts them; another compose file may mount others. Who may not look into
# secrets/ leaves it to the broker to say.
need_secret_files() {
  local file files
  if [[ -n "$(setting COMPOSE_FILE)" ]]; then return; fi
  if [[ -e secrets && ! -d secrets ]]; then fail "secrets is no directory: move it away, then run './tinyclaw.sh init'"; fi
  if [[ -d secrets && ! -x secrets ]]; then return; fi
  if [[ -d secrets/policy.yaml ]]; then
    fail "secrets/policy.yaml is a directory: remove it with 'sudo rmdir secrets/policy.yaml', or put the policy there"
  fi
  files="$(setting GITHUB_APP_PRIVATE_KEY_FILE)"
  IFS=, read -ra files <<<"${files:-/secrets/github-app.pem}"
  for file in "${files[@]}"; do
    file="${file//[[:space:]]/}"
    # A path outside of /secrets is another mount's.
    if [[ "$file" != /secrets/* ]]; then continue; fi
    file="${file#/}"
    if [[ -d "$file" ]]; then
      fail "$file is a directory (Docker makes one where a file to be mounted is missing): 'sudo rmdir $file', then put the GitHub App's private key there"
    fi
    if [[ -n "$(setting GITHUB_APP_ID)" && ! -s "$file" ]]; then
      fail "GITHUB_APP_ID is set, and $file is missing or empty: put the GitHub App's private key there, or remove GITHUB_APP_ID to do without GitHub"
    fi
  done
}

# Docker would make a missing folder root's own, and no agent could write there.
need_workspace() {
  local folder
  folder="$(setting WORKSPACE_ROOT)"
  case "$folder" in
    '' | workspace) return ;;
    /* | ./* | ../*) ;;
    *) fail "WORKSPACE_ROOT is no folder: give a path that begins with / or ./, or remove it for a volume of Docker's" ;;
  esac
  if [[ ! -d "$folder" ]]; then
    fail "WORKSPACE_ROOT is $folder, and there is no such folder: 'sudo install -d -o $(agent_id UID) -g $(agent_id GID) $folder' makes one for the agents"
  fi
}

agent_id() {
  local id
  id="$(setting "AGENT_$1")"
  printf '%s\n' "${id:-10002}"
}

# MIB, WHAT FOR. Both where Docker keeps its data and where the checkout is.
need_room() {
  local folder free
  for folder in "$(docker info --format '{{.DockerRootDir}}' 2>/dev/null)" .; do
    if [[ ! -d "$folder" ]]; then continue; fi
    free="$(df -Pk -- "$folder" | awk 'NR == 2 { print int($4 / 1024) }')" || free=''
    if [[ -n "$free" && "$free" -lt "$1" ]]; then
      fail "the disk of $(readlink -f -- "$folder") has $free MiB left, and $2 needs $1: free some; 'docker system df' shows what Docker holds, 'docker image prune' removes old images"
    fi
  done
}

dashboard_port() {
  local port
  port="$(setting DASHBOARD_PORT)"
  printf '%s\n' "${port:-3100}"
}

# A free one, unless the dashboard itself holds it.
need_port() {
  local port holder
  port="$(dashboard_port)"
  if [[ ! "$port" =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then
    fail "DASHBOARD_PORT is no port: give a number from 1 to 65535, or remove it for 3100"
  fi
  if [[ -n "$(containers dashboard)" ]] || ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
  holder="$(docker ps --filter "publish=$port" --format 'the container {{.Names}}' | sed -n 1p)"
  if [[ -z "$holder" ]] && command -v ss >/dev/null; then
    holder="$(ss -Hltnp "sport = :$port" | sed -nE 's/.*users:\(\("([^"]+)",pid=([0-9]+).*/\1, pid \2/p' | sed -n 1p)"
  fi
  fail "port $port of 127.0.0.1 is taken by ${holder:-another program}: end that, or set DASHBOARD_PORT in .env to a free one"
}

need_service() {
  local known
  known="$(compose config --services | sort | tr '\n' ' ')" || fail "compose.yaml and .env do not go together; what docker compose says stands above"
  if [[ " $known" != *" $1 "* ]]; then fail "there is no service '$1': the stack has ${known% }"; fi
}
