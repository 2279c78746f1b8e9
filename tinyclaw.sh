#!/usr/bin/env bash
# TinyClaw's commands, from any directory; `./tinyclaw.sh help` lists them. A command is a function `do_<name>` here; the
# lines `#:` above it are its help. What it needs of Docker and systemd is in src/cli/shell, what needs thought in src/cli.
set -euo pipefail

script="$(readlink -f -- "${BASH_SOURCE[0]}")"
caller="$PWD"
argv=("$@")

usage() {
  printf 'usage: ./tinyclaw.sh COMMAND\n\n'
  sed -n 's/^#: /  /p' -- "$script"
  cat <<'USAGE'

Node ^20.19 or ^22.12; on another Node it runs itself under Node 22 from the npm registry, and where there is none, all
but demo and test run in the bot's image. COMPOSE_FILE, COMPOSE_PROJECT_NAME and COMPOSE_ENV_FILES name another stack.
USAGE
}

say() {
  printf 'tinyclaw: %s\n' "$*" >&2
}

fail() {
  say "$*"
  exit 1
}

misused() {
  say "$*"
  usage >&2
  exit 2
}

# Ends with the usage when a command has more words than it takes: MOST, then the words.
at_most() {
  local most="$1"
  shift
  if [[ $# -le "$most" ]]; then return; fi
  if [[ "$most" == 0 ]]; then misused "${argv[0]} takes nothing after it, so not '$1'"; fi
  shift "$most"
  misused "${argv[0]} takes no more words than that, so not '$1'"
}

# A path as the caller meant it, from where the caller stands.
from_caller() {
  case "$1" in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$caller/$1" ;;
  esac
}

# Runs a command that has something to say only when it fails.
quietly() {
  local output
  output="$(mktemp)"
  if "$@" >"$output" 2>&1; then
    rm -f -- "$output"
    return
  fi
  cat -- "$output" >&2
  rm -f -- "$output"
  fail "'$*' failed; its output stands above"
}

node_fits() {
  local version major minor
  version="$(node -p process.versions.node 2>/dev/null)" || return 1
  IFS=. read -r major minor _ <<<"$version"
  [[ ("$major" == 20 && "$minor" -ge 19) || ("$major" == 22 && "$minor" -ge 12) ]]
}

# Goes on when this Node fits; otherwise starts the script again with Node 22 first on the PATH. The mark in the
# environment keeps it from doing so twice.
need_node() {
  local found folder
  command -v node >/dev/null || fail "there is no node on the PATH: install Node 22 from https://nodejs.org"
  if node_fits; then return; fi
  found="$(node -p process.version 2>/dev/null || echo 'this Node')"
  if [[ -n "${TINYCLAW_NODE_CHOSEN:-}" ]]; then fail "still on $found after choosing Node 22: install it yourself"; fi
  say "$found is none of ^20.19 and ^22.12; running under Node 22 from the npm registry"
  folder="$(npx -y -p node@22 -- node -p 'path.dirname(process.execPath)')" ||
    fail "Node 22 could not be had from the npm registry: install it yourself"
  cd -- "$caller"
  TINYCLAW_NODE_CHOSEN=1 PATH="$folder:$PATH" exec "$script" "${argv[@]}"
}

install_packages() {
  local installed=node_modules/.package-lock.json
  if [[ -f "$installed" && ! package-lock.json -nt "$installed" ]]; then return; fi
  say "installing packages"
  quietly npm ci --include=dev
}

# The mark stands only after a build without errors; a folder's own time tells of files that are gone.
build_program() {
  local mark=dist/.built
  if [[ -f "$mark" && -z "$(find src test bench package.json tsconfig.json -newer "$mark" -print -quit)" ]]; then return; fi
  say "building"
  quietly npm run build
  touch -- "$mark"
}

prepare() {
  need_node
  install_packages
  build_program
}

# The agent refuses to work without asking as root outside a sandbox; the demo and the tests talk to stand-ins alone.
allow_root() {
  if [[ "$(id -u)" == 0 ]]; then export IS_SANDBOX=1; fi
}

# Whether this checkout can have a stack of containers here.
has_docker() {
  [[ -f compose.yaml ]] && command -v docker >/dev/null
}

# The functions for Docker and systemd, for the commands that need them.
pieces() {
  local piece
  for piece in src/cli/shell/*.sh; do
    # shellcheck source=/dev/null
    source "$piece"
  done
}

# Runs src/cli: on this machine's Node where the packages were installed for it before or there is no Docker, else in the
# bot's image.
cli() {
  if ! has_docker || { [[ -d node_modules ]] && node_fits; }; then
    prepare
    exec node dist/src/cli/main.js "$@"
  fi
  pieces
  cli_in_image "$@"
}

# As `cli`, for commands on the data directory, which is the running stack's where one runs. An explicit TINYCLAW_DIR is
# somebody's wish.
cli_on_data() {
  if [[ -z "${TINYCLAW_DIR:-}" ]] && has_docker; then
    pieces
    cli_on_volume "$@"
  fi
  cli "$@"
}

#: demo [--once]                 the whole system against built-in stand-ins, with a conversation to watch; no account
#:                               needed; --once ends after the last reply
do_demo() {
  prepare
  allow_root
  exec node dist/src/cli/main.js demo "$@"
}

#: test                          install, build and run every test
do_test() {
  at_most 0 "$@"
  prepare
  allow_root
  exec npm test --silent
}

#: init                          ask for what a stack needs, check it, write .env and secrets/; safe to run again
do_init() {
  if has_docker; then
    pieces
    export_host_facts
  fi
  local status=0
  # 1: all is written, and something else is to be mended.
  (cli init "$@") || status=$?
  if [[ "$status" -le 1 ]] && has_docker; then take_over; fi
  return "$status"
}

#: doctor                        check everything a running stack needs, a line each with its remedy
do_doctor() {
  if has_docker; then
    pieces
    export_host_facts
  fi
  cli doctor "$@"
}

#: start                         start the stack, or take up a changed .env; builds the images when they are missing
do_start() {
  at_most 0 "$@"
  pieces
  need_stack
  need_port
  ensure_images
  take_over
  if unit_installed; then
    if unit_active; then say "it runs already, under systemd: './tinyclaw.sh restart' takes up a changed .env"; fi
    systemctl_as_root start
  else
    compose up -d
  fi
  say "the dashboard: http://127.0.0.1:$(dashboard_port)"
}

#: stop                          stop the stack and remove its containers; the data stays
do_stop() {
  at_most 0 "$@"
  pieces
  need_engine
  if unit_active; then
    systemctl_as_root stop
  else
    compose down --remove-orphans
  fi
}

#: restart [SERVICE]             restart the containers, or one of them
do_restart() {
  at_most 1 "$@"
  pieces
  need_stack
  if [[ $# == 1 ]]; then need_service "$1"; fi
  if [[ $# == 0 ]] && unit_active; then
    systemctl_as_root restart
    return
  fi
  if [[ -z "$(containers "${1:-}")" ]]; then fail "nothing runs that could be restarted: ./tinyclaw.sh start"; fi
  compose restart "$@"
}

#: logs [SERVICE]                follow the logs, of all containers or of one; Ctrl-C ends it
do_logs() {
  at_most 1 "$@"
  pieces
  need_engine
  if [[ $# == 1 ]]; then need_service "$1"; fi
  compose logs -f "$@"
}

#: status                        the containers, and what they use
do_status() {
  at_most 0 "$@"
  pieces
  need_engine
  compose ps
  local running
  mapfile -t running < <(containers)
  if [[ ${#running[@]} -gt 0 ]]; then
    docker stats --no-stream "${running[@]}"
  else
    say "nothing runs: ./tinyclaw.sh start"
  fi
  if unit_installed; then printf 'systemd unit tinyclaw.service: %s\n' "$(unit_facts)"; fi
}

#: build [images|program]        build the images, or compile for this machine's Node; without a word the images where
#:                               there is Docker, else the program
do_build() {
  at_most 1 "$@"
  local what="${1:-program}"
  if [[ $# == 0 ]] && has_docker; then what=images; fi
  case "$what" in
    program) prepare ;;
    images)
      pieces
      need_engine
      build_images
      ;;
    *) misused "build does not know '$what'" ;;
  esac
}

#: install                       have systemd keep the stack up, also after a reboot
do_install() {
  at_most 0 "$@"
  pieces
  need_systemd
  need_stack
  ensure_images
  install_unit
}

#: uninstall                     stop the stack and take the systemd unit out; the data stays
do_uninstall() {
  at_most 0 "$@"
  pieces
  need_systemd
  uninstall_unit
}

#: send [--thread N] MESSAGE...  put a message into the bot's queue and print its id; thread 1 unless told otherwise;
#:                               - reads the message from standard input
do_send() {
  cli_on_data send "$@"
}

#: watch                         follow what happens, in the terminal
do_watch() {
  cli watch "$@"
}

#: settings get [KEY] | set KEY VALUE | unset KEY
#:                               read or change settings.json
do_settings() {
  cli_on_data settings "$@"
}

#: queue list | show ID | retry ID | drop ID
#:                               the messages that failed for good, and files that cannot be read
do_queue() {
  cli_on_data queue "$@"
}

#: backup FILE                   copy the data and the agents' sessions, while the stack runs; - is standard output
do_backup() {
  data_file "$@"
  if [[ -z "${TINYCLAW_DIR:-}" ]] && has_docker; then
    pieces
    backup_volumes "$1"
  fi
  cli backup "$(from_caller "$1")"
}

#: restore FILE                  put back what backup wrote, into a stopped stack; - is standard input
do_restore() {
  data_file "$@"
  if [[ -z "${TINYCLAW_DIR:-}" ]] && has_docker; then
    pieces
    restore_volumes "$1"
  fi
  cli restore "$(from_caller "$1")"
}

data_file() {
  if [[ $# != 1 || -z "$1" ]]; then misused "${argv[0]} takes one FILE"; fi
}

#: upgrade                       build new images, back up, replace the containers; the old images come back when the new
#:                               ones are not healthy within a minute
do_upgrade() {
  at_most 0 "$@"
  pieces
  need_stack
  upgrade_stack
}

#: help                          this
do_help() {
  usage
}

main() {
  local command="${1:-}"
  case "$command" in
    '') misused "a command is missing" ;;
    -h | --help) command=help ;;
  esac
  if [[ ! "$command" =~ ^[a-z]+$ ]] || ! declare -F "do_$command" >/dev/null; then
    misused "there is no command '$command'"
  fi
  shift
  "do_$command" "$@"
}

# Everything runs in the checkout; a relative data directory stays where the caller meant it.
if [[ -n "${TINYCLAW_DIR:-}" ]]; then
  TINYCLAW_DIR="$(from_caller "$TINYCLAW_DIR")"
  export TINYCLAW_DIR
fi
cd -- "$(dirname -- "$script")"
main "$@"
