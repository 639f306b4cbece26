#!/usr/bin/env bash
# Installs what wirewitness needs to build, and with --tests what its tests need.
# Says what it does; what is there already is left alone.
#
# usage: scripts/setup.sh [--tests]
set -euo pipefail

tests=no
case "${1:-}" in
  "") ;;
  --tests) tests=yes ;;
  *) echo "usage: scripts/setup.sh [--tests]" >&2; exit 2 ;;
esac

say() { printf '%s\n' "setup: $*"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else say "needs root for: $*" >&2; exit 1
  fi
}

debian() {
  local wanted=(gcc libc6-dev libpcap-dev) missing=() package
  if [ $tests = yes ]; then
    wanted+=(tshark tcpdump curl openssl minisign nodejs python3 python3-junitparser python3-pip iproute2 libcap2-bin strace mosquitto mosquitto-clients chromium fonts-noto-cjk libreoffice-calc)
  fi
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ]; then say "nothing to install: ${wanted[*]}"; return; fi
  say "installing ${missing[*]} with apt-get"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

fedora() {
  local wanted=(gcc libpcap-devel) missing=() package
  if [ $tests = yes ]; then
    wanted+=(wireshark-cli tcpdump curl openssl minisign nodejs python3 python3-junitparser python3-pip iproute strace mosquitto chromium google-noto-sans-cjk-fonts libreoffice-calc)
  fi
  for package in "${wanted[@]}"; do rpm -q "$package" >/dev/null 2>&1 || missing+=("$package"); done
  if [ ${#missing[@]} = 0 ]; then say "nothing to install: ${wanted[*]}"; return; fi
  say "installing ${missing[*]} with dnf"
  as_root dnf install -y -q "${missing[@]}"
}

macos() {
  # libpcap comes with the system and its headers with Xcode's command line tools.
  xcode-select -p >/dev/null 2>&1 || { say "installing Xcode's command line tools"; xcode-select --install; }
  if [ $tests = yes ] && command -v brew >/dev/null && ! command -v tshark >/dev/null; then
    say "installing wireshark with brew"; brew install wireshark
  fi
  say "macOS is ready"
}

case "$(uname -s)" in
  Darwin) macos ;;
  Linux)
    if command -v apt-get >/dev/null; then debian
    elif command -v dnf >/dev/null; then fedora
    else
      say "unknown distribution: install gcc and the development files of libpcap by hand" >&2
      [ $tests = no ] || say "and for the tests: tshark tcpdump curl openssl minisign nodejs python3 python3-junitparser python3-pip iproute2 libcap2-bin strace mosquitto mosquitto-clients chromium libreoffice-calc" >&2
      exit 1
    fi ;;
  *) say "unknown system: without libpcap, build with --no-default-features" >&2; exit 1 ;;
esac

# axe-core, which checks pages for accessibility in a browser (MPL-2.0, not part of what is built),
# comes in a Python package that carries it.
axe() {
  local version=0.1.8 folder
  folder=$(dirname "$0")/../target/axe
  if [ -f "$folder/$version/axe_playwright_python/axe.min.js" ]; then return; fi
  say "installing axe-core (axe-playwright-python $version) into target/axe"
  python3 -m pip install --quiet --no-deps --target "$folder/$version" "axe-playwright-python==$version"
}

# Clients and servers of the tests with network namespaces and of the proxy: HTTP/3, WebSocket, gRPC.
libraries() {
  local folder wanted="aioquic==1.7.2 websockets==17.4 grpcio==1.85.3"
  folder=$(dirname "$0")/../target/python
  if [ "$(cat "$folder/installed" 2>/dev/null)" = "$wanted" ]; then return; fi
  say "installing $wanted into target/python"
  rm -rf "$folder"
  # shellcheck disable=SC2086
  python3 -m pip install --quiet --target "$folder" $wanted
  printf '%s' "$wanted" >"$folder/installed"
}

if [ $tests = yes ] && [ "$(uname -s)" = Linux ]; then axe; libraries; fi
if ! command -v cargo >/dev/null; then
  say "cargo is missing: install Rust 1.89 or later (rustup, or your distribution's rust)" >&2
  exit 1
fi
say "ready"
