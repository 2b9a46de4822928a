#!/usr/bin/env bash
# Brings the oldest nats-server that farcall is for, Debian's 2.9, into node_modules without installing it, for the tests of the NATS
# engine. Prints where it is; fails where Debian or its package cannot be reached, or has another version.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder="$PWD/node_modules/.cache/nats-2.9"
server="$folder/usr/sbin/nats-server"
if [[ ! -x $server ]]; then
  command -v apt-get dpkg-deb >/dev/null
  mkdir -p "$folder"
  trap 'rm -f "$folder"/*.deb' EXIT
  # The newest of that series, whatever else Debian has by now.
  version=$(apt-cache madison nats-server | awk '$3 ~ /^2\.9\./ { print $3; exit }')
  [[ -n $version ]]
  (cd "$folder" && apt-get download -qq "nats-server=$version" 2>/dev/null)
  dpkg-deb -x "$folder"/*.deb "$folder"
fi
"$server" --version | grep -q 'v2\.9\.'
echo "$server"
