#!/usr/bin/env bash
# docker-registry does not start in a shell that has set REGISTRY_AUTH_FILE for podman or skopeo.
#
# Seen with docker-registry 2.8.2 of Debian 12 (2.8.2+ds1-1), 2026-11-30. REGISTRY_AUTH_FILE is where
# podman, skopeo and buildah keep logins. The registry takes every variable REGISTRY_A_B for the
# setting `b` of the section `a` of its configuration, also of a kind that it does not have, so that
# this one is `auth: {file: ...}`. It ends before it listens, and blames line 1 of its YAML file:
#
#     configuration error: error parsing .../config.yml: yaml: unmarshal errors:
#       line 1: cannot unmarshal !!str `...` into configuration.Parameters
#
# Without the variable it serves the same file.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill "${registry:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
version=$(docker-registry --version | grep -o '2\.[0-9]*\.[0-9]*' | head -1)
[ "$version" = 2.8.2 ] || { echo "docker-registry is $version, not 2.8.2"; exit 1; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > "$folder/config.yml" <<END
version: 0.1
log: {level: error}
storage: {inmemory: {}}
http: {addr: "127.0.0.1:$port"}
END
echo '{"auths": {}}' > "$folder/logins.json"

said=$(REGISTRY_AUTH_FILE="$folder/logins.json" timeout 20 docker-registry serve "$folder/config.yml" 2>&1) && exit 1
echo "$said" | head -2
grep -q '^configuration error: error parsing .*/config.yml: yaml: unmarshal errors:$' <<< "$said"
grep -q 'line 1: cannot unmarshal !!str `.*` into configuration.Parameters$' <<< "$said"

env -u REGISTRY_AUTH_FILE docker-registry serve "$folder/config.yml" >"$folder/log" 2>&1 &
registry=$!
for _ in $(seq 200); do (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null && exit 0; sleep 0.1; done
echo "it does not serve without the variable either"
exit 1
