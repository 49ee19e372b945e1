"""The errors that Lightsail and its registry answer."""

from __future__ import annotations


class LightsailError(Exception):
    """An error as Lightsail answers it: a name to branch on, and a sentence for people.

    There is no name for a conflict or an exceeded quota: those are InvalidInputException too.

    Args:
        code: the exception's name, such as `NotFoundException`.
        message: the sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def invalid(message: str) -> LightsailError:
    """Return the error for what Lightsail refuses."""
    return LightsailError("InvalidInputException", message)


def not_found(message: str) -> LightsailError:
    """Return the error for what is not there."""
    return LightsailError("NotFoundException", message)


class RegistryError(Exception):
    """An error as the registry answers it.

    https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes

    Args:
        status: the HTTP status.
        code: the code, such as `BLOB_UNKNOWN`.
        message: the sentence.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
