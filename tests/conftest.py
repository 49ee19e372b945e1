"""What every test stands on."""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, configuration, settings

# jsii and the CDK read these when they are first imported.
os.environ["CDK_VALIDATION"] = "false"  # costs seconds a process; test_findings.py turns it on
os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "20"
os.environ["JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION"] = "true"

# No test may ever reach a real account, whatever the shell around it is set to.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
os.environ["AWS_ACCESS_KEY_ID"] = "000000000000"
os.environ["AWS_SECRET_ACCESS_KEY"] = "not-a-secret"

# The same examples each time and everywhere, however busy the machine is; nothing is written here.
configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "cdk-lightsail-containers")
settings.register_profile(
    "deterministic",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("deterministic")
settings.register_profile("thorough", derandomize=False, max_examples=3000)
