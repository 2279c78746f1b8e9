# shellcheck shell=bash
# The systemd unit: filled in, enabled, taken out, and asked for by start, stop and restart.

unit=tinyclaw.service
# Of the TinyClaw of two processes: they would fetch the same bot's messages.
old_units=(tinyclaw-telegram.service tinyclaw-queue.service)

# The variable is systemd's own, and names where it looks for units first.
unit_folder() {
  local folder="${SYSTEMD_UNIT_PATH:-}"
  folder="${folder%%:*}"
  printf '%s\n' "${folder:-/etc/systemd/system}"
}

# `offline`, `unknown` or nothing: systemd is not what runs here.
systemd_runs() {
  command -v systemctl >/dev/null || return 1
  case "$(systemctl is-system-running 2>/dev/null)" in
    initializing | starting | running | degraded | maintenance | stopping) ;;
    *) return 1 ;;
  esac
}

need_systemd() {
  systemd_runs ||
    fail "no systemd runs here, so there is no unit to manage: './tinyclaw.sh start' is enough, Docker itself brings the stack back after a crash or a reboot"
  if [[ -n "${COMPOSE_FILE:-}${COMPOSE_PROJECT_NAME:-}${COMPOSE_ENV_FILES:-}" ]]; then
    fail "the unit runs with .env alone: put COMPOSE_FILE and COMPOSE_PROJECT_NAME into it, and take the COMPOSE_ variables out of the environment"
  fi
  if [[ "$(id -u)" != 0 ]] && ! command -v sudo >/dev/null; then fail "managing systemd units needs root: run this as root"; fi
}

as_root() {
  if [[ "$(id -u)" == 0 ]]; then "$@"; else sudo -- "$@"; fi
}

# A stack that the environment names is never the unit's.
unit_installed() {
  [[ -z "${COMPOSE_FILE:-}${COMPOSE_PROJECT_NAME:-}${COMPOSE_ENV_FILES:-}" && -e "$(unit_folder)/$unit" ]] && systemd_runs
}

# Also while systemd waits before it starts the stack again: it would undo a plain `docker compose down`.
unit_active() {
  unit_installed || return 1
  case "$(systemctl is-active "$unit" 2>/dev/null)" in
    active | activating | reloading | deactivating) ;;
    *) return 1 ;;
  esac
}

# start, stop or restart. Another checkout's unit is not ours to command.
systemctl_as_root() {
  local folder
  folder="$(systemctl show --property WorkingDirectory --value "$unit" 2>/dev/null)"
  if [[ -n "$folder" && "$folder" != "$PWD" ]]; then
    fail "the systemd unit runs the stack of $folder: use $folder/tinyclaw.sh, or './tinyclaw.sh install' to have it run this one"
  fi
  say "systemctl $1 $unit"
  as_root systemctl "$1" "$unit"
}

# `<is-enabled> <is-active>`, `none none` where there is no unit.
unit_facts() {
  local enabled=none active=none
  if unit_installed; then
    enabled="$(systemctl is-enabled "$unit" 2>/dev/null || true)"
    active="$(systemctl is-active "$unit" 2>/dev/null || true)"
  fi
  printf '%s %s\n' "${enabled:-none}" "${active:-none}"
}

found_old_units() {
  local old
  for old in "${old_units[@]}"; do
    if [[ -e "$(unit_folder)/$old" ]]; then printf '%s\n' "$old"; fi
  done
}

# What init and doctor are told of this machine: inside the image there is no systemctl and no compose.
export_host_facts() {
  local old names=() active=''
  while IFS= read -r old; do
    names+=("${old%.service}")
    if systemctl is-active --quiet "$old" 2>/dev/null; then active=1; fi
  done < <(found_old_units)
  TINYCLAW_UNIT="$(unit_facts)"
  TINYCLAW_COMPOSE="$(timeout 30 docker compose version --short 2>/dev/null || true)"
  export TINYCLAW_UNIT TINYCLAW_COMPOSE TINYCLAW_OLD_UNITS="${names[*]:-}" TINYCLAW_OLD_ACTIVE="$active"
}

# The unit's text for this checkout. Ends where a path has characters that a unit file reads otherwise.
filled_unit() {
  local docker text
  docker="$(command -v docker)"
  if [[ "$PWD" =~ [[:cntrl:]\\] || "$PWD" =~ ^[[:space:]]|[[:space:]]$ ]]; then
    fail "systemd cannot be told of a directory with such a name: move the checkout to a path without control characters, backslashes and a space at its end"
  fi
  if [[ ! "$docker" =~ ^/[A-Za-z0-9._/+-]+$ ]]; then fail "docker lies at '$docker', which a unit cannot call: install it to /usr/bin"; fi
  text="$(<systemd/tinyclaw.service)"
  text="${text//__DOCKER__/"$docker"}"
  printf '%s\n' "${text//__WORKING_DIR__/"${PWD//%/%%}"}"
}

install_unit() {
  local folder target filled
  folder="$(unit_folder)" target="$(unit_folder)/$unit"
  if ! systemctl cat docker.service >/dev/null 2>&1; then
    fail "systemd has no docker.service (is Docker a snap, or rootless?): install Docker Engine from https://docs.docker.com/engine/install/"
  fi
  filled="$(mktemp -d)"
  # shellcheck disable=SC2064
  trap "rm -rf -- '$filled'" EXIT
  filled_unit >"$filled/$unit"
  verify_unit "$filled/$unit"
  remove_old_units
  if [[ -e "$target" ]] && cmp -s "$filled/$unit" "$target"; then
    as_root systemctl enable --now "$unit"
  else
    as_root install -D -m 644 -- "$filled/$unit" "$target"
    as_root systemctl daemon-reload
    as_root systemctl enable "$unit"
    as_root systemctl restart "$unit"
  fi
  say "$target keeps the stack up from now on; start, stop and restart go through it"
}

# The verdict is on all that the unit stands upon too; another unit's faults are not ours to refuse for.
verify_unit() {
  local output
  if ! command -v systemd-analyze >/dev/null || output="$(systemd-analyze verify "$1" 2>&1)"; then return; fi
  if [[ "$output" != *"$unit"* ]]; then return; fi
  printf '%s\n' "$output" >&2
  fail "systemd does not take the unit; what it says stands above, and nothing was changed"
}

# Before ours starts: Telegram gives a bot's messages to one program only.
remove_old_units() {
  local old
  while IFS= read -r old; do
    say "removing the unit $old of the older TinyClaw"
    as_root systemctl disable --now "$old" || say "$old could not be stopped; see 'systemctl status $old'"
    as_root rm -f -- "$(unit_folder)/$old"
  done < <(found_old_units)
}

uninstall_unit() {
  local target
  target="$(unit_folder)/$unit"
  if [[ ! -e "$target" ]]; then fail "there is no $target, so nothing is installed"; fi
  as_root systemctl disable --now "$unit"
  as_root rm -f -- "$target"
  as_root systemctl daemon-reload
  say "$target is gone and the stack is stopped; its volumes are kept"
}
