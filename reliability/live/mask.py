"""Takes out of texts what nobody is to read in a report."""

from __future__ import annotations

import re

_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])")
_ACCESS_KEY = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")
_QUERY = re.compile(r"\?[^\s?]*=\S*")


class Mask:
    """Knows what was secret in a run; account numbers, keys and queries are so in any."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def add(self, secret: str, name: str) -> None:
        """Have a text replaced by a name in angle brackets from now on."""
        if secret:
            self._secrets[secret] = f"<{name}>"

    def __call__(self, text: str) -> str:
        """Return a text without what is secret."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, self._secrets[secret])
        for pattern, name in ((_QUERY, ""), (_ACCESS_KEY, "<key>"), (_ACCOUNT, "<account>")):
            text = pattern.sub(name, text)
        return text
