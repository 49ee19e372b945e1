"""What every test stands on."""

import functools
import os
import signal
import tempfile
from pathlib import Path

import botocore.session
import pytest
from hypothesis import HealthCheck, configuration, settings
from reliability.local_aws import leave_real_accounts

# Before the CDK is imported; test_findings.py turns its validation on.
leave_real_accounts()
# No proxy of the shell leads to what tests talk to.
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]
# To read every authority takes 20 ms of each reply. What speaks TLS in a test trusts a certificate
# of its own.
os.environ["SSL_CERT_FILE"] = os.devnull
# Each session would read botocore's files anew, which takes up to half a second.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)
# Commands run in homes of their own, and the CDK would unpack its 200 MB into each of them.
_PACKAGE_CACHE = Path.home() / ".cache" / "aws" / "jsii" / "package-cache"
os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(_PACKAGE_CACHE))

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples each time and everywhere, however busy the machine is; nothing is written here.
_KEPT = f"cdk-lightsail-containers-{os.getuid()}"  # a folder of each user of the machine
configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir()) / _KEPT)
settings.register_profile(
    "deterministic",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("deterministic")
settings.register_profile("nightly", derandomize=False, max_examples=500, print_blob=True)
settings.register_profile("thorough", derandomize=False, max_examples=3000)

# What takes longest begins first, so that at the end no process waits for another.
_LONG = ("e2e", "test_findings.py", "reliability", "live", "engine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first."""
    items.sort(key=lambda item: _rank(item.path))


def _rank(path: Path) -> int:
    return next((rank for rank, name in enumerate(_LONG) if name in path.parts), len(_LONG))
