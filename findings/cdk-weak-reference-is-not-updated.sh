#!/usr/bin/env bash
# With weak references between stacks, which new apps of the CDK have, `cdk deploy --all` leaves a
# stack as it is when a value that it takes from another stack has changed: it says `(no changes)`
# and ends with 0. The old value stays deployed.
#
# Seen with aws-cdk 2.1148.1, aws-cdk-lib 2.275.0 and ministack 1.5.33, 2026-12-01. A weak reference
# is Fn::GetStackOutput with the name of an output. The name stays the same, so the template does,
# and the command line compares templates before it asks CloudFormation for a change set. A strong
# reference fails in the same case, at the export that is in use.
#
#     second deploy: Consumer (no changes), its parameter is still one
#
# Put something into the consumer that changes with the value.
set -euo pipefail

folder=$(mktemp -d)
server=
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile ministack==1.5.33
npm install --silent --no-fund --no-audit aws-cdk@2.1148.1 aws-cdk-lib@2.275.0 constructs@10.8.1 >/dev/null

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
GATEWAY_PORT=$port BIND_HOST=127.0.0.1 HOME="$folder" DOCKER_HOST="unix://$folder/none" \
    venv/bin/ministack >server.log 2>&1 &
server=$!
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=000000000000
export AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null CDK_DISABLE_CLI_TELEMETRY=true
for _ in $(seq 100); do
    curl --silent --fail --output /dev/null "$AWS_ENDPOINT_URL/_ministack/ready" && break
    sleep 0.2
done

cat > app.js <<'END'
const { App, BootstraplessSynthesizer, CfnOutput, Stack } = require("aws-cdk-lib");
const ssm = require("aws-cdk-lib/aws-ssm");

const app = new App({ context: { "@aws-cdk/core:defaultCrossStackReferences": "weak" } });
const synthesizer = () => new BootstraplessSynthesizer();
const producer = new Stack(app, "Producer", { synthesizer: synthesizer() });
const consumer = new Stack(app, "Consumer", { synthesizer: synthesizer() });
const name = app.node.getContext("name");
const given = new ssm.CfnParameter(producer, "Given", { name, type: "String", value: "-" });
const taken = new ssm.CfnParameter(consumer, "Taken", { type: "String", value: given.ref });
new CfnOutput(consumer, "Value", { value: taken.attrValue });
app.synth();
END
deploy() {
    npx cdk deploy --all --app "node app.js" --context "name=$1" --require-approval never \
        --outputs-file outputs.json --ci 2>&1
}
taken() { node -p 'require("./outputs.json").Consumer.Value'; }

deploy one >/dev/null
[ "$(taken)" = one ]
deploy two >second
grep -q '"Fn::GetStackOutput"' cdk.out/Consumer.template.json
found="second deploy: $(grep -o 'Consumer (no changes)' second), its parameter is still $(taken)"
echo "$found"
[ "$found" = "second deploy: Consumer (no changes), its parameter is still one" ]
