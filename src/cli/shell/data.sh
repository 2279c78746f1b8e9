# shellcheck shell=bash
# Backup, restore and the takeover of an older directory: who calls src/cli with which volumes.

# A short-lived container of the bot's image without a network, as root: the volumes belong to several users.
on_volumes() {
  run_program --interactive --network none --user 0:0 "$@"
}

# FILE, `-` for standard output. Ends when it is done; returns where the data is a local directory's.
backup_volumes() {
  need_engine
  if ! has_volume tinyclaw-data; then
    if [[ -d .tinyclaw ]]; then return; fi
    fail "there is nothing to back up: no volume $(volume tinyclaw-data), and no .tinyclaw/ here"
  fi
  ensure_bot_image
  if [[ "$1" == - ]]; then
    archive_volumes
    exit
  fi
  write_backup "$(from_caller "$1")"
  exit
}

archive_volumes() {
  on_volumes --volume "$(volume tinyclaw-data):/app/.tinyclaw:ro" --volume "$(volume agent-home):/home/agent:ro" \
    -- backup --data /app/.tinyclaw --home /home/agent </dev/null
}

# Whole under its name or not there at all, and readable by its owner alone.
write_backup() {
  local file="$1" part="$1.part"
  if [[ -e "$file" ]]; then fail "$file is there already: give another name, or remove it"; fi
  if [[ ! -d "$(dirname -- "$file")" ]]; then fail "there is no directory $(dirname -- "$file") to put the backup in: make it"; fi
  if ! (umask 077 && rm -f -- "$part" && : >"$part") 2>/dev/null; then
    fail "$(dirname -- "$file") cannot be written by $(id -un 2>/dev/null): give another directory"
  fi
  if ! archive_volumes >"$part" || ! sync -- "$part" || ! mv -n -- "$part" "$file"; then
    rm -f -- "$part"
    fail "the backup failed, and $file was not written; the reason stands above"
  fi
  say "$file holds the data and the agents' sessions; .env, secrets/ and the workspace are yours to keep"
}

# FILE, `-` for standard input. Ends when it is done; returns where the data is a local directory's.
restore_volumes() {
  local file
  need_engine
  if [[ "$1" != - ]]; then
    file="$(from_caller "$1")"
    if [[ ! -r "$file" || -d "$file" ]]; then fail "$file is no file that can be read: give one that './tinyclaw.sh backup' wrote"; fi
    exec <"$file"
  fi
  if [[ -z "$(containers)" && -d .tinyclaw ]] && ! has_volume tinyclaw-data; then return; fi
  if [[ -n "$(containers)" ]] || unit_active; then fail "the stack is running: './tinyclaw.sh stop', restore, './tinyclaw.sh start'"; fi
  ensure_bot_image
  ensure_volumes
  on_volumes --volume "$(volume tinyclaw-data):/app/.tinyclaw" --volume "$(volume agent-home):/home/agent" \
    -- restore --data /app/.tinyclaw --home /home/agent
  exit
}

# Made by compose, so that they are its own, and filled by a container of the bot, so that their owners are the image's.
ensure_volumes() {
  if has_volume tinyclaw-data && has_volume agent-home; then return; fi
  ensure_images
  compose up --no-start >&2 </dev/null
}

# An older TinyClaw's directory that init has mended and marked goes into the data volume, once.
take_over() {
  local aside
  if [[ ! -f .tinyclaw/takeover ]]; then return; fi
  need_engine
  if [[ -n "$(containers bot)" ]]; then
    fail ".tinyclaw/ waits to be taken over, and the bot is running: './tinyclaw.sh stop', then './tinyclaw.sh init' again"
  fi
  ensure_bot_image
  ensure_volumes
  on_volumes --volume "$PWD/.tinyclaw:/old:ro" -- backup --data /old </dev/null |
    on_volumes --volume "$(volume tinyclaw-data):/app/.tinyclaw" -- restore --data /app/.tinyclaw ||
    fail "taking .tinyclaw/ over failed, and it is as it was; the reason stands above"
  aside=".tinyclaw.taken-over-$(date +%Y%m%d-%H%M%S)"
  mv -- .tinyclaw "$aside"
  say ".tinyclaw/ now lies in the volume $(volume tinyclaw-data); the directory itself is kept as $aside"
}
