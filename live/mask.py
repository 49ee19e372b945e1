"""Takes out of a report what must not be read there."""

from __future__ import annotations

import re

_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])")
_ACCESS_KEY = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")
# The session of an assumed role names its user, and the CDK names its sessions after who runs it.
_SESSION = re.compile(r"(:assumed-role/[^/\s]+/)[\w+=,.@-]+")
_USER = re.compile(r"(:(?:user|federated-user)/)[\w+=,.@/-]+")
_QUERY = re.compile(r"\?[^\s?]*=\S*")
_ALWAYS = (
    (_QUERY, ""),
    (_ACCESS_KEY, "<key>"),
    (_SESSION, r"\1<session>"),
    (_USER, r"\1<user>"),
    (_ACCOUNT, "<account>"),
)


class Mask:
    """Knows what was secret in a run; account numbers, people, keys and queries are so in any."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._words: dict[str, str] = {}

    def add(self, secret: str, name: str) -> None:
        """Replace a string by a name in angle brackets from now on."""
        if secret:
            self._secrets[secret] = f"<{name}>"

    def add_word(self, word: str, name: str) -> None:
        """Replace a word, but no part of a longer one."""
        if word:
            self._words[rf"(?<![\w@-]){re.escape(word)}(?![\w@-])"] = f"<{name}>"

    def __call__(self, text: str) -> str:
        """Return a string without what is secret."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, self._secrets[secret])
        for pattern, name in _ALWAYS:
            text = pattern.sub(name, text)
        for word, name in self._words.items():
            text = re.sub(word, name, text)
        return text
