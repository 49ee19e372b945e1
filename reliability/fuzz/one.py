"""Fuzz one target in this process, which libFuzzer ends: `python -m reliability.fuzz.one TARGET`.

After it come the command that does the same, with which libFuzzer starts others of its kind, and
libFuzzer's options: https://llvm.org/docs/LibFuzzer.html#options
"""

import sys

# JSON is read in Python then, so that the fuzzer sees how far it gets.
sys.modules["_json"] = None  # type: ignore[assignment]

import atheris  # noqa: E402

_INSTRUMENTED = [
    "cdk_lightsail_containers_handler",
    *("email", "http.client", "json", "tarfile", "urllib.parse", "zipfile"),
]


def main() -> None:
    """Fuzz until libFuzzer has had enough."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "json"]:
        del sys.modules[name]
    with atheris.instrument_imports(include=_INSTRUMENTED):
        from .wire_targets import ALL  # noqa: PLC0415 - what is imported here is followed
    _, name, *arguments = sys.argv
    atheris.Setup(arguments, ALL[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
