# shellcheck shell=sh disable=SC2034
# Reads gh's command line for the wrapper beside it, which sources this: the words of the command, the options that
# matter, and above all which words are no arguments but an option's value. An option that is not in the tables may or
# may not take the next word: that word then counts for nothing, so that an address in a text never names the
# repository that a token is asked for.

# Sets command, subcommand, third (the first argument), named, hostname, method, fields, mutation, help.
read_arguments() {
  command='' subcommand='' third='' named='' hostname='' method='' fields='' help='' mutation=''
  # The option whose value comes next, and whether the next word may be one.
  skip='' doubtful=''
  for argument; do
    if [ -n "$skip" ]; then
      option "$skip" "$argument"
      skip=''
      continue
    fi
    case $argument in
      --) break ;;
      -?*) doubtful='' ;;
    esac
    case $argument in
      --*=*) option "${argument%%=*}" "${argument#*=}" ;;
      --*) long_option "$argument" ;;
      -?*) letters "${argument#-}" ;;
      *) word "$argument" ;;
    esac
  done
}

word() {
  if [ -n "$doubtful" ]; then
    doubtful=''
  elif [ -z "$command" ]; then
    command=$1
  elif [ -z "$subcommand" ]; then
    subcommand=$1
  else
    third=${third:-$1}
  fi
}

# What an option says, once its value is known.
option() {
  case $1 in
    -R | --repo) named=$2 ;;
    -h) case $command in auth) hostname=$2 ;; esac ;;
    --hostname) hostname=$2 ;;
    -X | --method) method=$2 ;;
    -f | -F | --field | --raw-field | --input)
      fields=yes
      case $2 in query=*mutation*) mutation=yes ;; esac
      ;;
  esac
}

long_option() {
  case $1 in
    --help) help=yes ;;
    *)
      if is_switch "$1"; then return; fi
      if takes_value "$1"; then skip=$1; else doubtful=yes; fi
      ;;
  esac
}

# Options that stand alone; a few take a value elsewhere.
is_switch() {
  case $command:$subcommand:$1 in
    pr:review:--comment | browse:*:--commit | workflow:run:--json | repo:edit:--template | repo:fork:--remote) return 0 ;;
    repo:list:--source | repo:ls:--source | secret:*:--user | *:--remove-milestone) return 0 ;;
  esac
  case $1 in
    --web | --draft | --dry-run | --editor | --fill | --fill-* | --comments | --yes | --confirm | --undo) return 0 ;;
    --approve | --request-changes | --merge | --rebase | --squash | --auto | --admin | --delete-branch) return 0 ;;
    --edit-last | --delete-last | --create-if-none | --conflict-status | --name-only | --patch | --required) return 0 ;;
    --watch | --fail-fast | --detach | --force | --recurse-submodules | --checkout | --list | --all | --failed) return 0 ;;
    --paginate | --slurp | --silent | --include | --verbose | --log | --log-failed | --exit-status | --debug) return 0 ;;
    --compact | --latest | --prerelease | --generate-notes | --notes-from-tag | --verify-tag | --clobber) return 0 ;;
    --fail-on-no-commits | --skip-existing | --cleanup-tag | --private | --public | --internal | --secret) return 0 ;;
    --push | --clone | --add-readme | --include-all-branches | --archived | --fork | --view | --unset | --yaml) return 0 ;;
    --releases | --settings | --wiki | --projects | --actions | --blame | --active | --raw | --files) return 0 ;;
    --no-* | --disable-* | --enable-* | --allow-* | --exclude-* | --version) return 0 ;;
  esac
  return 1
}

takes_value() {
  case $1 in
    --repo | --hostname | --method | --field | --raw-field | --input | --header | --preview | --cache | --jq) return 0 ;;
    --json | --template | --title | --body | --body-file | --comment | --subject | --author-email | --reason) return 0 ;;
    --base | --head | --label | --assignee | --reviewer | --milestone | --project | --recover | --add-*) return 0 ;;
    --remove-* | --match-head-commit | --color | --duplicate-of | --name | --branch-repo | --issue-repo) return 0 ;;
    --search | --state | --limit | --author | --app | --mention | --order | --sort | --key | --owner) return 0 ;;
    --notes | --notes-file | --notes-start-tag | --tag | --target | --discussion-category | --archive) return 0 ;;
    --dir | --output | --pattern | --workflow | --branch | --commit | --status | --created | --event) return 0 ;;
    --user | --job | --attempt | --interval | --ref | --description | --desc | --filename | --homepage) return 0 ;;
    --source | --remote | --remote-name | --fork-name | --org | --team | --gitignore | --license) return 0 ;;
    --upstream-remote-name | --default-branch | --visibility | --topic | --language | --env | --env-file) return 0 ;;
  esac
  return 1
}

# -dw, -Rowner/name, -R=owner/name, -fbody=text: switches, up to an option that takes the rest or the next argument.
letters() {
  rest=$1
  switches=$(switch_letters)
  while [ -n "$rest" ]; do
    letter=${rest%"${rest#?}"}
    rest=${rest#?}
    case $command:$subcommand:$letter in
      auth:*:h | config:*:h | repo:create:h | repo:new:h | repo:edit:h) ;;
      *:h)
        help=yes
        continue
        ;;
    esac
    case $letter:$switches in
      R:*) ;;
      *:"?")
        # gh finds its command after a bundle of letters, but not in the word after a single one.
        [ -z "$command" ] && [ -n "$rest" ] || doubtful=yes
        return
        ;;
      *) case $switches in *"$letter"*) continue ;; esac ;;
    esac
    if [ -n "$rest" ]; then option "-$letter" "${rest#=}"; else skip=-$letter; fi
    return
  done
}

# The letters that stand alone in this command; any other takes a value. A question mark: the command is unknown.
switch_letters() {
  case $command:$subcommand in
    pr:create | pr:new) echo defw ;;
    pr:list | pr:ls) echo dw ;;
    pr:status) echo c ;;
    pr:checkout | pr:co | label:create | label:clone) echo f ;;
    pr:close | pr:revert | run:rerun) echo d ;;
    pr:merge) echo dmrs ;;
    pr:review) echo acr ;;
    pr:view | issue:view) echo cw ;;
    pr:comment | issue:comment | issue:create | issue:new) echo ew ;;
    pr:checks | pr:diff | issue:list | issue:ls | label:list | label:ls | repo:view | release:view | repo:deploy-key) echo w ;;
    issue:develop) echo cl ;;
    repo:create | repo:new) echo cy ;;
    repo:archive | repo:unarchive | repo:delete | repo:rename | release:delete | release:delete-asset) echo y ;;
    repo:set-default) echo uv ;;
    release:create | release:new) echo dp ;;
    run:list | run:ls | workflow:list | workflow:ls | cache:delete) echo a ;;
    run:view) echo vw ;;
    workflow:view) echo wy ;;
    secret:set) echo u ;;
    gist:create | gist:new) echo pw ;;
    gist:view) echo rw ;;
    api:*) echo i ;;
    auth:*) echo atw ;;
    browse:*) echo acnprsw ;;
    pr:* | issue:* | repo:* | release:* | run:* | workflow:* | cache:* | label:* | secret:* | variable:* | gist:* | config:*) ;;
    *) echo '?' ;;
  esac
}
