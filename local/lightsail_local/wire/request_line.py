"""A request as a line, without what may be secret."""

from datetime import UTC, datetime

from lightsail_local.wire.wire import Request

_SHOWN_LENGTH = 40


def request_line(request: Request) -> str:
    """Show a request as a line."""
    time = datetime.fromtimestamp(request.time, tz=UTC).astimezone()
    outcome = "no answer" if request.status is None else str(request.status)
    words = [
        f"{time:%H:%M:%S}",
        request.operation,
        *shown_parameters(request),
        "->",
        outcome,
        request.error,
        f"{request.seconds * 1000:.0f} ms",
    ]
    return " ".join(word for word in words if word)


def shown_parameters(request: Request) -> list[str]:
    """Show a request's parameters, but no environments: what is more than a word is left out."""
    return [
        f"{name}={_shortened(str(value))}"
        for name, value in request.parameters.items()
        if isinstance(value, str | int | float)
    ]


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 1]}…"
