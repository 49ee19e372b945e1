#!/usr/bin/env bash
# cdk --app takes the first and the last quote off a command that begins and ends with one.
#
# Seen with aws-cdk 2.1148.1 on Node 20, 2026-11-30. A shell hands the option over as it is, so
# `--app '"/my projects/python" "/my projects/app.py"'` quotes both paths. The command line's parser
# of options takes a value that begins and ends with the same quote for one quoted string, even with
# quotes in between, and the shell that starts the app gets `/my projects/python" "/my projects/app.py`:
#
#     quoted: not found, after exec: started with an app, in cdk.json: started with an app
#
# The same text in cdk.json is taken as it is, and so is one with a word before the first quote.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder CI=true AWS_EC2_METADATA_DISABLED=true
cd "$folder"
npm install --silent --no-audit --no-fund aws-cdk@2.1148.1

mkdir "with space"
printf '#!/bin/sh\necho "started with $1" >&2\nexit 1\n' > "with space/program"
chmod +x "with space/program"
command="\"$folder/with space/program\" \"an app\""

run() {
  said=$(node_modules/.bin/cdk ls "$@" 2>&1) || true
  grep -o -e 'not found' -e 'started with an app' <<< "$said" | head -1
}
found="quoted: $(run --app "$command"), after exec: $(run --app "exec $command"),"
python3 -c 'import json, sys; print(json.dumps({"app": sys.argv[1]}))' "$command" > cdk.json
found="$found in cdk.json: $(run)"
echo "$found"
[ "$found" = "quoted: not found, after exec: started with an app, in cdk.json: started with an app" ]
