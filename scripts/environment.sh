# Sourced by quickstart and test: makes or re-uses a virtual environment with the pinned packages.
#
# `use_environment default` or `use_environment addons`: the stack, by scripts/constraints-*.txt.
# KERAS_WEAKSEG_VENV: where it lies (default: .venv or .venv-addons in the checkout). It is re-used
# as long as the pins, setup.cfg, this checkout and the Python version stay the same. Sets $root and
# $python.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

find_python() {
  local name
  for name in python3.11 python3 python; do
    if "$name" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  fail "No Python 3.11 was found." \
    "Expected: python3.11, or a python3 of that version. Received: $(python3 --version 2>&1 || true)." \
    "Install Python 3.11, the version of scripts/constraints-*.txt. Python 3.10 to 3.13 work" \
    "without the pins: pip install -e '.[test]' in an environment of your own."
}

fingerprint() {  # $1: the Python to be used, $2: the pins
  { cat "$2" "$root/setup.cfg" "$root/pyproject.toml"
    printf '%s\n' "$root"
    "$1" -c 'import sys; print(sys.version)'; } | "$1" -c \
    'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

install_environment() {  # $1: the system's Python, $2: the environment, $3: its fingerprint,
                         # $4: the pins, $5: the extras
  local log="$2/install.log" started=$SECONDS
  "$1" -m venv "$2" || fail "The virtual environment $2 could not be made." \
    "Expected: a Python with its venv module. Received: the error above." \
    "On Debian and Ubuntu: apt-get install python3.11-venv."
  echo "Installing the pinned packages into $2 (about 3 GB; minutes, depending on the network)."
  # The environment variable, unlike -c, also pins what pip needs to build this package.
  if ! PIP_CONSTRAINT="$4" PIP_DISABLE_PIP_VERSION_CHECK=1 \
      "$2/bin/python" -m pip install -e "$root[$5]" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "The packages could not be installed." \
      "Expected: pip to reach a package index. Received: the lines above, all of them in $log." \
      "Check network and disk space, then start this command again: it continues."
  fi
  printf '%s\n' "$3" >"$2/.keras_weakseg"
  echo "Installation: $((SECONDS - started)) s."
}

use_environment() {  # $1: the stack
  local environment pins="$root/scripts/constraints-$1.txt" extras system wanted
  case $1 in
    default) environment=$root/.venv extras=test ;;
    addons) environment=$root/.venv-addons extras=test,addons ;;
    *) fail "There is no stack '$1'." "Expected: default or addons. Received: $1." \
      "Start scripts/test without --stack for the default one." ;;
  esac
  environment=${KERAS_WEAKSEG_VENV:-$environment}
  if [ -e "$environment" ] && [ ! -e "$environment/pyvenv.cfg" ] &&
      [ -n "$(ls -A "$environment" 2>/dev/null || echo 'not a folder')" ]; then
    fail "$environment is there and is not a virtual environment." \
      "Expected: no such folder, an empty one, or a virtual environment." \
      "Set KERAS_WEAKSEG_VENV to another place."
  fi
  system=$(find_python)
  wanted=$(fingerprint "$system" "$pins")
  if [ "$(cat "$environment/.keras_weakseg" 2>/dev/null || true)" = "$wanted" ]; then
    echo "Environment: $environment (installed before)."
  else
    install_environment "$system" "$environment" "$wanted" "$pins" "$extras"
  fi
  python=$environment/bin/python
}
