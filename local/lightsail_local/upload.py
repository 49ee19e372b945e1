"""Blob uploads that have begun."""

from __future__ import annotations

import hashlib
import secrets
import threading
import uuid
from collections.abc import Iterable
from pathlib import Path

from .errors import RegistryError


class Upload:
    """The upload of one blob.

    Args:
        folder: where to keep what has come.

    Attributes:
        id: its id.
        state: what the newest Location of it carries.
        size: how many bytes have come.
        file: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.id = str(uuid.uuid4())
        self.size = 0
        self.file = folder / self.id
        self.file.touch()
        self._hash = hashlib.sha256()
        self._lock = threading.Lock()
        self.move_on()

    @property
    def digest(self) -> str:
        """The digest of what has come."""
        return f"sha256:{self._hash.hexdigest()}"

    @property
    def range(self) -> str:
        """The first and last byte that have come; `0-0` for none too."""
        return f"0-{max(self.size - 1, 0)}"

    def append(self, pieces: Iterable[bytes]) -> None:
        """Take bytes as they come; those that came before a connection broke stay."""
        with self._lock, self.file.open("ab") as file:
            for piece in pieces:
                file.write(piece)
                self._hash.update(piece)
                self.size += len(piece)

    def move_on(self) -> None:
        """Make a new state, so that older Locations are no longer good."""
        self.state = secrets.token_urlsafe(16)


class Uploads:
    """The uploads that have begun and not ended.

    Args:
        folder: where they keep what has come.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._uploads: dict[str, Upload] = {}

    def begin(self) -> Upload:
        """Return a new upload."""
        upload = Upload(self._folder)
        self._uploads[upload.id] = upload
        return upload

    def get(self, upload_id: str) -> Upload:
        """Return an upload.

        Raises:
            RegistryError: there is none of that id.
        """
        if upload_id not in self._uploads:
            raise RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return self._uploads[upload_id]

    def end(self, upload: Upload) -> None:
        """Forget an upload and what is left of its bytes."""
        self._uploads.pop(upload.id, None)
        upload.file.unlink(missing_ok=True)
