#!/bin/sh
# Carries to a Coral what its installer needs, and runs it there: sh platformio/coral.sh USER@HOST [WORD OF install.sh ...]
set -eu
cd "$(dirname "$0")/.."
host=${1:-}
if [ -z "$host" ]; then
  echo "Name the Coral, as ssh knows it: pio run -e coral -t upload --upload-port USER@HOST" >&2
  exit 2
fi
shift
# Its words are options and folders; quotes would not come through.
tar -cf - --exclude=__pycache__ firmware/dermis hw models/released |
  ssh "$host" "mkdir -p dermis-upload && tar -xf - -C dermis-upload && sudo dermis-upload/hw/coral/install.sh $*"
