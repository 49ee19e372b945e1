"""List the words to avoid in files and folders: `python -m prose README.md docs`.

The words are in `words.txt`. The exit code is 1 if there are any.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_LIST = Path(__file__).with_name("words.txt")
_NAMES = {"Makefile", "CODEOWNERS"}
_SUFFIXES = {".md", ".py", ".sh", ".toml", ".yaml", ".yml"}
# Where a comment or a string goes on in the next line, its mark stands between two words.
_SPACE = r"""[\s#"']+f?"?"""

Word = tuple[re.Pattern[str], str]


def words(path: Path = _LIST) -> list[Word]:
    """Return the patterns of a list, each with the advice."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    found = []
    for line in lines:
        pattern, separator, advice = line.partition("=>")
        if not separator or not advice.strip():
            raise ValueError(f"a line must be PATTERN => ADVICE, got {line!r}")
        spaced = pattern.strip().replace(" ", _SPACE)
        whole = rf"(?<![A-Za-z])(?:{spaced})(?![A-Za-z])"
        found.append((re.compile(whole, re.IGNORECASE), advice.strip()))
    return found


def files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files to read: those that are named, and those with prose in folders."""
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            found = (one for one in path.rglob("*") if one.is_file())
            yield from sorted(one for one in found if one.suffix in _SUFFIXES or one.name in _NAMES)
        else:
            raise ValueError(f"{path} does not exist")


def hits(path: Path, avoided: Sequence[Word]) -> Iterator[str]:
    """Yield a line for each word to avoid in a file."""
    text = path.read_text()
    found = [
        (match.start(), match.group(), advice)
        for pattern, advice in avoided
        for match in pattern.finditer(text)
    ]
    for start, word, advice in sorted(found):
        line = text.count("\n", 0, start) + 1
        yield f"{path}:{line}: {' '.join(word.split())!r}: write {advice}"


def main(arguments: Sequence[str]) -> int:
    """List the words to avoid, and return the exit code."""
    avoided = words()
    found = [hit for path in files(list(map(Path, arguments))) for hit in hits(path, avoided)]
    for hit in found:
        print(hit)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
