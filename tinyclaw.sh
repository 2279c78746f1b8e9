#!/usr/bin/env bash
# TinyClaw's commands, from any directory; `./tinyclaw.sh help` lists them.
set -euo pipefail

script="$(readlink -f -- "${BASH_SOURCE[0]}")"
caller="$PWD"

usage() {
  cat <<'USAGE'
usage: ./tinyclaw.sh COMMAND

  demo [--once]                 the whole system against built-in stand-ins, with a conversation to watch; no account
                                needed; --once ends after the last reply
  send [--thread N] MESSAGE...  put a message into the bot's queue and print its id; thread 1 unless told otherwise;
                                - reads the message from standard input
  test                          install, build and run every test
  build                         install and compile
  help                          this

Node ^20.19 or ^22.12; on another Node it runs itself under Node 22 from the npm registry.
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
  TINYCLAW_NODE_CHOSEN=1 PATH="$folder:$PATH" exec "$script" "$@"
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
  need_node "$@"
  install_packages
  build_program
}

# The agent refuses to work without asking as root outside a sandbox; the demo and the tests talk to stand-ins alone.
allow_root() {
  if [[ "$(id -u)" == 0 ]]; then export IS_SANDBOX=1; fi
}

main() {
  local command="${1:-}"
  case "$command" in
    demo)
      prepare "$@"
      allow_root
      exec node dist/src/cli/main.js "$@"
      ;;
    send)
      prepare "$@"
      exec node dist/src/cli/main.js "$@"
      ;;
    test | build)
      if [[ $# -gt 1 ]]; then misused "$command takes nothing after it, so not '$2'"; fi
      prepare "$@"
      if [[ "$command" == build ]]; then return; fi
      allow_root
      exec npm test --silent
      ;;
    help | -h | --help) usage ;;
    init | start | stop | restart | logs | status | install | uninstall | watch | doctor | settings | queue | backup | restore | upgrade)
      say "this version does not have '$command' yet; './tinyclaw.sh help' lists what it has"
      exit 2
      ;;
    '') misused "a command is missing" ;;
    *) misused "there is no command '$command'" ;;
  esac
}

# Everything runs in the checkout; a relative data directory stays where the caller meant it.
if [[ "${TINYCLAW_DIR:-/}" != /* ]]; then export TINYCLAW_DIR="$caller/$TINYCLAW_DIR"; fi
cd -- "$(dirname -- "$script")"
main "$@"
