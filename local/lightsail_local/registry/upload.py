"""Blob uploads that have begun."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import uuid
from collections.abc import Iterable
from pathlib import Path

from ..behaviour.errors import RegistryError
from ..images.blob import LARGEST_CONFIG, Blob


class Upload:
    """The upload of one blob.

    Args:
        folder: where its bytes go, None if they are not kept.

    Attributes:
        id: its id.
        state: what the newest Location of it carries.
        size: how many bytes have come.
    """

    def __init__(self, folder: Path | None) -> None:
        self.id = str(uuid.uuid4())
        self.size = 0
        self._file = folder and folder / self.id
        self._start = bytearray()
        self._hash = hashlib.sha256()
        self._lock = threading.Lock()
        self.move_on()

    @property
    def digest(self) -> str:
        """The digest of what has come."""
        return f"sha256:{self._hash.hexdigest()}"

    @property
    def blob(self) -> Blob:
        """The blob that has come."""
        is_kept = self.size <= LARGEST_CONFIG
        content = bytes(self._start) if is_kept else b""
        return Blob(size=self.size, content=content, file=self._file)

    @property
    def range(self) -> str:
        """The first and last byte that have come; `0-0` for none too."""
        return f"0-{max(self.size - 1, 0)}"

    def append(self, pieces: Iterable[bytes]) -> None:
        """Take bytes as they come; those that came before a connection broke stay.

        Raises:
            RegistryError: they cannot be written.
        """
        try:
            with self._lock, open(self._file or os.devnull, "ab") as file:  # noqa: PTH123
                for piece in pieces:
                    self._start += piece[: LARGEST_CONFIG - len(self._start)]
                    self._hash.update(piece)
                    self.size += len(piece)
                    file.write(piece)
        except ConnectionError:
            raise
        except OSError as error:
            message = f"{error.strerror}: make room on the local cloud's disk"
            raise RegistryError(507, "UNKNOWN", message) from error

    def move_on(self) -> None:
        """Make a new state, so that older Locations are no longer good."""
        self.state = secrets.token_urlsafe(16)


class Uploads:
    """The uploads that have begun and not ended.

    Args:
        folder: where their bytes go, None if they are not kept.
    """

    def __init__(self, folder: Path | None) -> None:
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
        """Forget an upload."""
        self._uploads.pop(upload.id, None)
