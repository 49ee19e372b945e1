"""Text that is safe to show in a terminal, and short enough for an answer."""

import json
import re
from itertools import accumulate

# https://ecma-international.org/publications-and-standards/standards/ecma-48/
# https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
CONTROL = (
    # A string, such as the title of a window (OSC), with its end: BEL or ST.
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)"
    # A sequence, such as a colour (CSI).
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
    # Single characters: C0 and C1, but for the ends of lines and the tab.
    r"|[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]"
    # What turns the direction of writing around, or is not to be seen.
    r"|[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What steers a terminal, or deceives who reads it."""

LINE_END = r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]"
"""What ends a line, but for the line feed."""


def plain(text: str) -> str:
    """Return the text without what steers a terminal; each line ends with a line feed."""
    if text.isprintable():
        return text
    return re.sub(CONTROL, "", re.sub(LINE_END, "\n", text))


def size(text: str) -> int:
    """Return the bytes of a string in the answer: six or twelve for a character beyond ASCII."""
    return len(json.dumps(text)) - len('""')


def shortened(text: str, room: int) -> str:
    """Return the text, or as much of its beginning as the bytes of an answer have room for."""
    if size(text) <= room:
        return text
    sizes = accumulate(map(size, text[: max(room, 0)]))
    return f"{text[: sum(used <= room - len('...') for used in sizes)]}..."
