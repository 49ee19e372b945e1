"""The engine's process: ministack, with what it lacks, on a socket that is bound already."""

import argparse
import importlib.metadata
import os
import shutil
import signal
import subprocess  # nosec B404 # it runs openssl
import sys
import threading
from pathlib import Path
from typing import Any

# The tables and functions that are changed here are private to ministack: another version may
# well take the changes and mean something else by them.
MINISTACK_VERSION = "1.5.33"


def main() -> None:
    """Serve until the parent asks for the end, or has died."""
    parser = argparse.ArgumentParser(prog="lightsail_local.engine.engine_process")
    parser.add_argument("--listener", type=int, required=True, help="file descriptor, bound")
    parser.add_argument("--ecr-listener", type=int, required=True, help="the same, for a registry")
    parser.add_argument("--folder", type=Path, required=True, help="removed if the parent dies")
    arguments = parser.parse_args()
    installed = importlib.metadata.version("ministack")
    if installed != MINISTACK_VERSION:
        sys.exit(
            f"the local cloud needs ministack {MINISTACK_VERSION}, got {installed}: "
            f"pip install ministack=={MINISTACK_VERSION}"
        )
    # What measures this process is not meant for the functions that it runs.
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        del os.environ[name]
    threading.Thread(target=_follow_parent, args=[arguments.folder], daemon=True).start()
    _serve(arguments.listener, arguments.ecr_listener, arguments.folder)


def _serve(listener: int, ecr_listener: int, folder: Path) -> None:
    # ministack reads its environment and starts logging when it is imported: not before here.
    import hypercorn.config  # noqa: PLC0415
    from ministack import app  # noqa: PLC0415

    from lightsail_local.engine import (  # noqa: PLC0415
        amazon_ecr,
        certificate_resource,
        change_sets,
        container_resource,
        custom_resource_contract,
        domain_resource,
        express_mode,
        failed_creates,
        nested_stacks,
        property_check,
        refused_requests,
        stack_events,
        stack_exports,
        stack_times,
        template_check,
        template_conditions,
        template_form,
        update_rollback,
    )

    class ListenerConfig(hypercorn.config.Config):
        """Serves on the socket that the parent has bound, not on what ministack asks for."""

        @property
        def bind(self) -> list[str]:
            return [f"fd://{listener}"]

        @bind.setter
        def bind(self, value: list[str] | str) -> None:
            pass

    # `app.main` makes its Config of the class that stands there when it is called.
    hypercorn.config.Config = ListenerConfig  # type: ignore[misc]
    container_resource.register()
    certificate_resource.register()
    domain_resource.register()
    property_check.install()
    custom_resource_contract.install()
    template_form.install()
    template_conditions.install()
    template_check.install()
    refused_requests.install()
    change_sets.install()
    express_mode.install()
    stack_times.install()
    stack_exports.install()
    # Around the exports: a clean-up begins once they are found right.
    stack_events.install()
    update_rollback.install()
    # Around the rollback: it adds to what is deleted there.
    failed_creates.install()
    nested_stacks.install()
    certificate = os.environ["MINISTACK_SSL_CERT"]
    _make_certificate(certificate, os.environ["MINISTACK_SSL_KEY"], amazon_ecr.registry_names())
    _prepare_functions(amazon_ecr.install(ecr_listener, folder / "ecr"))
    _trust_own_certificate(certificate)
    sys.argv = ["ministack"]
    app.main()


def _make_certificate(certificate: str, key: str, names: list[str]) -> None:
    """Make a certificate for this computer and for names.

    ministack would make one with an RSA key, which takes openssl as long as all else here.
    """
    alternatives = ["DNS:localhost", "IP:127.0.0.1", *(f"DNS:{name}" for name in names)]
    extensions = [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth",
        f"subjectAltName={','.join(alternatives)}",
    ]
    # In two steps: LibreSSL's `req` makes no such key.
    make_key = ["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key]
    sign = ["openssl", "req", "-x509", "-new", "-key", key, "-out", certificate]
    sign += ["-subj", "/CN=lightsail-local", "-days", "825"]
    sign += [word for extension in extensions for word in ("-addext", extension)]
    for command in (make_key, sign):
        subprocess.run(command, check=True)  # nosec B603  # noqa: S603 - openssl, and our options


def _prepare_functions(program: str) -> None:
    """Run a program before Python functions, deliver what they log, and name their log groups.

    AWS Lambda's runtime gives the root logger a handler, ministack's worker does not, nor does it
    name the log group in the environment:
    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    from ministack.core import lambda_runtime  # noqa: PLC0415

    handler = "import logging; logging.getLogger().addHandler(logging.StreamHandler())\n"
    script = program + handler + lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001
    lambda_runtime._PYTHON_WORKER_SCRIPT = script  # noqa: SLF001

    make = lambda_runtime.Worker.__init__

    def make_with_log_group(
        worker: lambda_runtime.Worker, name: str, config: dict[str, Any], *code: Any
    ) -> None:
        given = config.get("Environment", {}).get("Variables", {})
        group = config.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        variables = {**given, "AWS_LAMBDA_LOG_GROUP_NAME": group}
        make(worker, name, {**config, "Environment": {"Variables": variables}}, *code)

    lambda_runtime.Worker.__init__ = make_with_log_group


def _trust_own_certificate(certificate: str) -> None:
    """Let functions verify this process, on systems whose roots are no single file too.

    ministack adds its certificate to the system's roots where those are one file, else leaves
    the functions without. With these variables, roots that are a folder are read as well.
    """
    from ministack.core import tls  # noqa: PLC0415

    bundle = tls.ca_bundle_path(certificate) or certificate
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        os.environ.setdefault(name, bundle)
    os.environ.setdefault("NODE_EXTRA_CA_CERTS", certificate)


def _follow_parent(folder: Path) -> None:
    """End when the parent says so on standard input, or has died and closed it."""
    if os.read(0, 1):
        # At once: ministack's own end would wait for clients to close their connections, and
        # there is no state to save. The parent sees to the rest of our group.
        os._exit(0)
    # What follows leaves no time to measure it; a test does run it.
    shutil.rmtree(folder, ignore_errors=True)  # pragma: no cover
    os.killpg(0, signal.SIGKILL)  # pragma: no cover
