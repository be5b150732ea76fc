# shellcheck shell=bash
# Helpers shared by the set-up scripts. Sourced, never run. Works with the bash 3.2 of macOS.

# A plain user's PATH on Debian has no sbin, where dockerd and debootstrap live.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# Exit status of "this machine cannot provide it", as against 1, "it went wrong".
# shellcheck disable=SC2034  # used by the scripts that source this file
UNAVAILABLE=3

cache_dir="${FIXTRAIL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fixtrail-dev}"
log_dir="$cache_dir/logs"

# say TEXT… — one line of progress, on stderr, so that stdout stays free for results.
say() {
  if [ -t 2 ]; then printf '\033[1;34m==>\033[0m %s\n' "$*" >&2; else printf '==> %s\n' "$*" >&2; fi
}

# die [-s STATUS] TEXT… — one line that says what happened and what to do, then exit (1 unless told).
die() {
  local status=1
  if [ "${1:-}" = -s ]; then status=$2; shift 2; fi
  if [ -t 2 ]; then printf '\033[1;31merror:\033[0m %s\n' "$*" >&2; else printf 'error: %s\n' "$*" >&2; fi
  exit "$status"
}

have() { command -v "$1" >/dev/null 2>&1; }

is_debian() { [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ]) && have apt-get; }

can_root() { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }

# as_root COMMAND… — run it as root, through sudo when needed, never asking for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  can_root || die -s "$UNAVAILABLE" "'$1' needs root: run this as root, or run 'sudo -v' first and try again"
  local name kept=()
  for name in http_proxy https_proxy no_proxy; do # sudo drops these
    if [ -n "${!name:-}" ]; then kept+=("$name=${!name}"); fi
  done
  sudo -n env ${kept[@]+"${kept[@]}"} "$@"
}

# with_deadline SECONDS COMMAND… — macOS has no timeout(1); there the command's own limits have to do.
with_deadline() {
  local seconds=$1
  shift
  if have timeout; then timeout -k 5 "$seconds" "$@"; else "$@"; fi
}

# logged NAME COMMAND… — run with the output in a log; on failure show its end and return the status.
logged() {
  local log="$log_dir/$1.log" status=0
  shift
  mkdir -p "$log_dir"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" != 0 ]; then
    tail -n 15 "$log" | sed 's/^/    /' >&2
    printf '    (all of it: %s)\n' "$log" >&2
  fi
  return "$status"
}

# hold_lock NAME — wait for a lock of this machine and hold it, on fd 9, until the script ends.
hold_lock() {
  have flock || return 0
  local lock="/tmp/fixtrail-$1.lock"
  if [ ! -e "$lock" ]; then (umask 0111 && : >>"$lock") 2>/dev/null || true; fi
  exec 9<"$lock" # read is enough for flock, whoever made the file
  if ! flock -n 9; then
    say "waiting for another run to finish"
    flock 9
  fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

_apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 "$@"
}

_apt_update_and_install() {
  if [ -z "${FIXTRAIL_APT_UPDATED:-}" ]; then _apt update || return; fi
  _apt install --no-install-recommends "$@"
}

# apt_install PACKAGE… — install those that are missing. One update a run, scripts called by scripts included.
apt_install() {
  local package missing=()
  for package in "$@"; do
    if ! is_installed "$package"; then missing+=("$package"); fi
  done
  if [ ${#missing[@]} = 0 ]; then return 0; fi
  if ! is_debian; then die -s "$UNAVAILABLE" "missing here, and only Debian is set up by this script: install ${missing[*]}"; fi
  if ! can_root; then
    die -s "$UNAVAILABLE" "missing, and installing needs root: run 'apt-get install ${missing[*]}' as root, or 'sudo -v' first"
  fi
  say "installing from apt: ${missing[*]}"
  (
    hold_lock apt # apt waits for dpkg's lock by itself, but not for that of its lists
    # What a package starts must not inherit the lock, hence 9<&-.
    if ! logged apt _apt_update_and_install "${missing[@]}" 2>/dev/null 9<&-; then
      sleep 3
      unset FIXTRAIL_APT_UPDATED
      logged apt _apt_update_and_install "${missing[@]}" 9<&-
    fi
  ) || die "apt-get could not install ${missing[*]}: read the lines above, check 'apt-get update', and run this again"
  export FIXTRAIL_APT_UPDATED=1
}
