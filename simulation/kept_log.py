"""The log of functions that run in this process."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def logged() -> Iterator[Path]:
    """Keep what is logged, from INFO on, in a file; nothing of it is shown."""
    root = logging.getLogger()
    before, others, disabled = root.level, root.handlers[:], root.manager.disable
    with tempfile.TemporaryDirectory() as folder:
        handler = logging.FileHandler(Path(folder) / "log")
        root.handlers[:] = [handler]
        root.setLevel(logging.INFO)
        logging.disable(logging.DEBUG)
        try:
            yield Path(folder) / "log"
        finally:
            root.handlers[:] = others
            root.setLevel(before)
            logging.disable(disabled)
            handler.close()
