# shellcheck shell=bash
# New images in place of the running ones, and back. The images' tags are the only record: T runs, T-next was just built,
# T-previous ran before.

health_seconds=60

upgrade_stack() {
  local tag running file=''
  tag="$(tag)"
  running="$(containers)"
  ensure_images
  say "building new images"
  TINYCLAW_TAG="$tag-next" build_images
  if has_volume tinyclaw-data; then
    mkdir -p -m 700 backups
    file="backups/tinyclaw-$(date +%Y%m%d-%H%M%S).tar.gz"
    say "backing up to $file"
    write_backup "$PWD/$file"
    run_program --interactive --network none -- restore --check <"$file"
  fi
  forget_images "$tag-previous"
  name_images "$tag" "$tag-previous"
  name_images "$tag-next" "$tag"
  if [[ -z "$running" ]]; then
    say "the new images are there, and the stack was not running: ./tinyclaw.sh start"
  elif replace_containers && healthy_within "$health_seconds"; then
    say "the new images run, and all is healthy"
  else
    roll_back "$tag" "$file"
  fi
  forget_images "$tag-next"
}

# TAG BACKUP. The images that failed keep the name T-next.
roll_back() {
  say "not healthy within $health_seconds s; going back to the images from before"
  name_images "$1-previous" "$1"
  if replace_containers && healthy_within "$health_seconds"; then
    fail "the upgrade failed and the images from before run again; the new ones are kept as $1-next${2:+, the data as it was in $2}"
  fi
  fail "the upgrade failed, and the images from before are not healthy either: './tinyclaw.sh logs' and './tinyclaw.sh doctor' say why${2:+; the data as it was is in $2}"
}

# FROM TO. Nothing is ever without a name in between, so that a crash leaves a stack that starts.
name_images() {
  local service
  for service in $(service_names); do docker image tag "tinyclaw-$service:$1" "tinyclaw-$service:$2"; done
}

# The images that bear no other name go.
forget_images() {
  local service
  for service in $(service_names); do docker image rm -- "tinyclaw-$service:$1" >/dev/null 2>&1 || true; done
}

# Under the unit the whole stack goes down and up: its own `docker compose up` would take new containers for an end.
replace_containers() {
  if unit_active; then systemctl_as_root restart; else compose up -d --no-build; fi
}

# Whether within that many seconds every service has one container that runs, and is healthy where it can say so.
healthy_within() {
  local end service
  end=$(($(date +%s) + $1))
  for service in $(service_names); do
    until [[ "$(health_of "$service")" == healthy ]]; do
      if (($(date +%s) >= end)); then
        say "$service: $(health_of "$service")"
        return 1
      fi
      sleep 1
    done
  done
}

health_of() {
  local id
  id="$(containers "$1" | sed -n 1p)"
  if [[ -z "$id" ]]; then
    printf 'not running\n'
    return
  fi
  docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}' "$id" 2>/dev/null || printf 'gone\n'
}
