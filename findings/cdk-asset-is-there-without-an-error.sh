#!/usr/bin/env bash
# cdk-assets (the part of the CDK that publishes assets) takes an image for published when Amazon ECR
# answers DescribeImages with an empty list: it builds nothing, pushes nothing, and ends with 0.
#
# Seen with cdk-assets 4.7.3 and ministack 1.5.33, 2026-11-29. Only the error ImageNotFoundException
# makes it build. Amazon ECR answers with that error, but a stand-in that answers `imageDetails: []`
# for an image that is not there, as ministack does, makes every deployment succeed without an image.
# The program that CDK_DOCKER names is not called once:
#
#     commands of CDK_DOCKER: 0
#
# Test that your stand-in answers with the error, not only that `cdk deploy` succeeds on it.
set -euo pipefail

folder=$(mktemp -d)
server=
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile ministack==1.5.33 boto3==1.43.106
npm install --silent --no-fund --no-audit cdk-assets@4.7.3 >/dev/null

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
GATEWAY_PORT=$port BIND_HOST=127.0.0.1 HOME="$folder" DOCKER_HOST="unix://$folder/none" \
    venv/bin/ministack >server.log 2>&1 &
server=$!
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=000000000000
export AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null
for _ in $(seq 100); do
    curl --silent --fail --output /dev/null "$AWS_ENDPOINT_URL/_ministack/ready" && break
    sleep 0.2
done
venv/bin/python -c 'import boto3; boto3.client("ecr").create_repository(repositoryName="web")'

mkdir out site
echo 'FROM scratch' > site/Dockerfile
mv site out/site
cat > out/assets.json <<END
{
  "version": "36.0.0",
  "files": {},
  "dockerImages": {
    "site": {
      "source": {"directory": "site"},
      "destinations": {"here": {"repositoryName": "web", "imageTag": "1", "region": "us-east-1"}}
    }
  }
}
END
printf '#!/bin/sh\necho "$1" >> "%s/called"\n' "$folder" > docker
chmod +x docker
touch called
CDK_DOCKER="$folder/docker" node_modules/.bin/cdk-assets --path out publish >published 2>&1 ||
    { cat published; exit 1; }

cat published
found="commands of CDK_DOCKER: $(wc -l < called)"
echo "$found"
[ "$found" = "commands of CDK_DOCKER: 0" ]
