"""Secrets, kept out of what is shown."""

import json

_SHOWN = "***"
# Whatever is shorter is in any text, which would be unreadable without it, and is no secret.
_SHORTEST = 4


class Mask:
    """Replaces the secrets that it knows in any text."""

    def __init__(self) -> None:
        self._secrets: list[str] = []

    def hide(self, secret: str) -> None:
        """Have a secret replaced from here on, and each line of it, also where it is in JSON."""
        for text in {secret, *secret.splitlines()}:
            for form in {text, text.strip(), json.dumps(text)[1:-1]}:
                if len(form) >= _SHORTEST:
                    self._secrets.append(form)
        # Of one that contains another nothing must be left.
        self._secrets.sort(key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return a text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _SHOWN)
        return text
