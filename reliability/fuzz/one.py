"""Fuzz one target in this process, which libFuzzer ends: `python -m reliability.fuzz.one TARGET`.

After it come the command that does the same, with which libFuzzer starts others of its kind, and
libFuzzer's options: https://llvm.org/docs/LibFuzzer.html#options
"""

import sys

import atheris

_INSTRUMENTED = [
    "cdk_lightsail_containers_handler",
    *("email", "http.client", "tarfile", "urllib.parse", "zipfile"),
]


def main() -> None:
    """Fuzz until libFuzzer has had enough."""
    with atheris.instrument_imports(include=_INSTRUMENTED):
        from .targets import TARGETS  # noqa: PLC0415 - what is imported here is followed
        from .wire_targets import WIRE_TARGETS  # noqa: PLC0415
    _, name, *arguments = sys.argv
    atheris.Setup(arguments, {**TARGETS, **WIRE_TARGETS}[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
