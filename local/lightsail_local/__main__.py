"""The process of `lightsail-local`, and `python -m lightsail_local` where that is not on the path.

It imports nothing at first: what takes its time is imported where Ctrl-C is expected.
"""

import sys

_INTERRUPTED = 130


def main() -> int:
    """Run the command with the process's arguments.

    Returns:
        The exit code: that of the command, or 130 after Ctrl-C.
    """
    try:
        from lightsail_local import cli  # noqa: PLC0415 - see above

        return cli.main()
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
