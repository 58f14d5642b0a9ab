#!/bin/sh
# Installs the firmware of this folder on the Coral that it is run on, as a service of systemd. May be run again: the
# same firmware changes nothing, another one takes its place and leaves the one before for --rollback.
#
#   sudo hw/coral/install.sh [--dry-run] [--root FOLDER] [--python PYTHON] [--wheels FOLDER] [--no-packages]
#   sudo hw/coral/install.sh --rollback | --uninstall [--purge]
#
# --dry-run      says what would be done and does nothing
# --root         installs below that folder, for an image of a system: no user, no service is touched
# --python       the Python that the firmware gets (3.10 or 3.11; default: the first of python3.11, python3.10)
# --wheels       takes packages from that folder and from nowhere else, for a board without a network
# --no-packages  leaves the packages out (for --root, where another computer's Python cannot be run)
# --rollback     goes back to the firmware before
# --uninstall    removes everything but keys, calibration and log (/var/lib/dermis) and the board file (/etc/dermis);
#                with --purge these too
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
root=
dry=no
python=
wheels=
packages=yes
action=install
purge=no

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --root | --python | --wheels)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case $1 in
        --root) root=$2 ;;
        --python) python=$2 ;;
        --wheels) wheels=$2 ;;
      esac
      shift
      ;;
    --no-packages) packages=no ;;
    --rollback) action=rollback ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    -h | --help)
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
      exit 0
      ;;
    *) fail "there is no option $1; --help lists them" ;;
  esac
  shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || fail "--purge goes with --uninstall"
if [ -n "$root" ]; then
  [ -d "$root" ] || fail "there is no folder $root; make it first"
  root=$(cd "$root" && pwd)
elif [ "$dry" = no ] && [ "$(id -u)" != 0 ]; then
  fail "run it as root, or with --dry-run or --root to look at it first"
fi

opt=$root/opt/dermis
etc=$root/etc
units=$etc/systemd/system

# What was done, if it was.
say() {
  [ "$dry" = yes ] || echo "$1${root:+ below $root}"
}

# Runs a command, or says it.
run() {
  if [ "$dry" = yes ]; then
    echo "would: $*"
  else
    "$@"
  fi
}

# The same for what changes the running system: not below --root.
system() {
  [ -n "$root" ] || run "$@"
}

# place FROM TO MODE: puts a file in its place; nothing happens where it lies there already.
place() {
  if [ -f "$2" ] && cmp -s "$1" "$2"; then
    return 0
  fi
  run mkdir -p "$(dirname "$2")"
  run install -m "$3" "$1" "$2"
}

# point TARGET LINK: makes a symbolic link point elsewhere, at once.
point() {
  run ln -sfn "$1" "$2.new"
  run mv -T "$2.new" "$2"
}

remove() {
  for path in "$@"; do
    if [ -e "$path" ] || [ -L "$path" ]; then
      run rm -rf "$path"
    fi
  done
}

find_python() {
  if [ -z "$python" ]; then
    for name in python3.11 python3.10; do
      python=$(command -v "$name" || true)
      [ -z "$python" ] || break
    done
    [ -n "$python" ] || fail "there is no Python 3.11 or 3.10, which tflite-runtime needs; install one, or name it by --python"
  fi
  "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11))' ||
    fail "$python is no Python 3.10 or 3.11, and tflite-runtime has wheels for no other"
}

make_user() {
  [ -z "$root" ] || return 0
  getent passwd dermis >/dev/null || run useradd --system --user-group --no-create-home --home-dir /var/lib/dermis \
    --shell /usr/sbin/nologin dermis
}

# The release's name: its version, and a hash of everything that it is made of.
release_name() {
  version=$(sed -n 's/^VERSION = "\(.*\)"$/\1/p' "$source/firmware/dermis/core/release.py")
  [ -n "$version" ] || fail "$source holds no firmware; run the script where it lies in the sources"
  hash=$(
    cd "$source" &&
      find firmware/dermis hw/coral/requirements.txt hw/coral/prepare "$model" -type f ! -name '*.pyc' -print |
      LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-12
  )
  echo "$version-$hash"
}

install_packages() {
  run "$python" -m venv "$1/venv" || return 1 # whoever asks whether it worked switches `set -e` off
  if [ -n "$wheels" ]; then
    run "$1/venv/bin/python" -m pip install --quiet --no-index --find-links "$wheels" -r "$here/requirements.txt"
  else
    run "$1/venv/bin/python" -m pip install --quiet --only-binary=:all: -r "$here/requirements.txt"
  fi
}

install_release() {
  release=$opt/releases/$name
  if [ -f "$release/whole" ]; then
    return 0
  fi
  # One that was begun and not ended; a virtual environment knows its own path, so that it is made in its place.
  run rm -rf "$release"
  run mkdir -p "$release/firmware"
  run cp -R "$source/firmware/dermis" "$release/firmware/"
  run find "$release/firmware" -name __pycache__ -prune -exec rm -rf {} +
  run install -m 644 "$source/$model" "$release/spoof.tflite"
  run install -m 755 "$here/prepare" "$release/prepare"
  if [ "$packages" = yes ]; then
    if ! install_packages "$release"; then
      rm -rf "$release"
      fail "the packages of $here/requirements.txt cannot be installed; nothing was changed"
    fi
    run "$release/venv/bin/python" -m compileall -q "$release/firmware"
  fi
  run touch "$release/whole"
}

# The board file is the owner's once it lies there.
install_board() {
  made=$(mktemp)
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$source/hw:$source/firmware "$python" -c \
    'import sys; from dermis_hw.boards import board_json; sys.stdout.buffer.write(board_json("coral"))' >"$made" || {
    rm -f "$made"
    fail "the board file cannot be made by $python; with Python 3.10 it needs the package tomli"
  }
  if [ ! -f "$etc/dermis/board.json" ]; then
    place "$made" "$etc/dermis/board.json" 644
  elif ! cmp -s "$made" "$etc/dermis/board.json"; then
    place "$made" "$etc/dermis/board.json.new" 644
    echo "$etc/dermis/board.json is not this release's: what it would be lies beside it as board.json.new"
  fi
  rm -f "$made"
}

switch_to() {
  before=$(readlink "$opt/current" || true)
  if [ "$before" = "$1" ]; then
    return 0
  fi
  if [ -n "$before" ] && [ -d "$opt/$before" ]; then
    point "$before" "$opt/previous"
  fi
  point "$1" "$opt/current"
  # Two are kept.
  previous=$(readlink "$opt/previous" || true)
  for each in "$opt"/releases/*; do
    case $each in
      "$opt/$1" | "$opt/$previous") ;;
      *) [ ! -d "$each" ] || run rm -rf "$each" ;;
    esac
  done
}

start() {
  system systemctl daemon-reload
  system udevadm control --reload
  system udevadm trigger
  # Those that are already loaded, or that this kernel has not, are no fault: the module says what it misses.
  system modprobe -a -q i2c-dev g_serial || true
  system systemctl enable dermis-module.service
  system systemctl restart dermis-module.service
}

do_install() {
  find_python
  model=$(cd "$source" && find models/released -name '*.tflite' | LC_ALL=C sort | head -n 1)
  [ -n "$model" ] || fail "$source/models/released holds no model"
  name=$(release_name)
  make_user
  install_release
  install_board
  place "$here/dermis-module.service" "$units/dermis-module.service" 644
  place "$here/dermis-watchdog.conf" "$etc/systemd/system.conf.d/dermis-watchdog.conf" 644
  place "$here/dermis-modules.conf" "$etc/modules-load.d/dermis.conf" 644
  place "$here/70-dermis.rules" "$etc/udev/rules.d/70-dermis.rules" 644
  switch_to "releases/$name"
  start
  say "dermis $name is installed"
}

do_rollback() {
  previous=$(readlink "$opt/previous" || true)
  if [ -z "$previous" ] || [ ! -d "$opt/$previous" ]; then
    fail "there is no firmware before this one"
  fi
  now=$(readlink "$opt/current")
  point "$previous" "$opt/current"
  point "$now" "$opt/previous"
  system systemctl restart dermis-module.service
  say "dermis ${previous#releases/} is in use again"
}

do_uninstall() {
  if [ -f "$units/dermis-module.service" ]; then
    system systemctl disable --now dermis-module.service
  fi
  remove "$units/dermis-module.service" "$etc/systemd/system.conf.d/dermis-watchdog.conf" \
    "$etc/modules-load.d/dermis.conf" "$etc/udev/rules.d/70-dermis.rules" "$opt"
  system systemctl daemon-reload
  if [ "$purge" = yes ]; then
    remove "$etc/dermis" "$root/var/lib/dermis"
    if [ -z "$root" ] && getent passwd dermis >/dev/null; then
      run userdel dermis
    fi
  fi
  say "dermis is removed"
}

case $action in
  install) do_install ;;
  rollback) do_rollback ;;
  uninstall) do_uninstall ;;
esac
