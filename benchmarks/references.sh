#!/usr/bin/env bash
# Installs the servers that benchmarks/run.py measures beside the mock: WireMock, Prism, oauth2-mock-server.
# Needs node 20, npm and java 17. Install scripts are off: nothing here needs them, and one would report home.
set -euo pipefail
directory=${1:?usage: benchmarks/references.sh DIRECTORY}
mkdir -p "$directory"
for package in wiremock@3.13.2 @stoplight/prism-cli@5.14.2 oauth2-mock-server@8.2.3; do
  npm install --prefix "$directory" --ignore-scripts --no-audit --no-fund --save-exact "$package"
done
