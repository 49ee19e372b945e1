"""Makes a module's source shorter and keeps every statement in its line.

Regular expressions instead of Python's tokenizer or syntax trees: they take a tenth of the time, at
each synthesis, and give the same bytes on every Python. They know this package's own modules, as
ruff formats them, and a test compares the syntax tree of each with that of its source.
"""

import re
from re import Match

_TRIPLE = r'"""(?:[^"\\]|\\.|"(?!""))*"""'
_STRING = rf"""(?:{_TRIPLE}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
# In one line, with up to three levels of brackets.
_TYPE = r"(?:[^][(),=\n]|\[(?:[^][\n]|\[(?:[^][\n]|\[[^][\n]*\])*\])*\])+?"

_COMMENT = re.compile(rf"({_STRING})| *#.*")
_DOCSTRING = re.compile(
    # A block with nothing else must keep a string.
    rf"(?P<alone>(?<=:\n)(?P<indentation> *){_TRIPLE}$(?!\n+(?P=indentation)\S))"
    rf"|^ *{_TRIPLE}$|(?P<string>{_STRING})",
    re.MULTILINE,
)
_FOR_CHECKERS = re.compile(
    r"^from __future__ .*|^(?:if TYPE_CHECKING|class \w+\(Protocol\)):\n(?:(?: .*)?\n)*",
    re.MULTILINE,
)
_SIGNATURE = re.compile(r"^ *def [\s\S]*?:(?= \.\.\.$|$)", re.MULTILINE)
_PARAMETER_TYPE = re.compile(rf"({_STRING})|([(,*]\s*\w+): {_TYPE}(?=,| = |\)|\n)")
_RETURN_TYPE = re.compile(r" -> .*(?=:$)")
_FIELDS = re.compile(r"^class [\s\S]*?(?=^ *def |^ *@|^\S|\Z)", re.MULTILINE)
_FIELD_TYPE = re.compile(rf"^( +\w+): (?!ClassVar\b){_TYPE}(?= = |$)", re.MULTILINE)
_VARIABLE_TYPE = re.compile(rf"^( *[\w.]+): (?!\.\.\.){_TYPE}(?= = )", re.MULTILINE)
_TYPE_NAME = re.compile(
    r"^(\w+) = (?:TypeVar\(|Literal\[|Callable\[).*(?![\s\S]*\b\1\b)", re.MULTILINE
)
_IMPORT = re.compile(r"^from (\S+) import (?:\(([^)]*)\)|([^(\n]*))$", re.MULTILINE)
_WORD = re.compile(r"\w+")
_LAYOUT = re.compile(
    rf"(?P<string>{_STRING})|(?<=[,(\[{{]\n) +|^(?P<indentation>(?: {{4}})+)"
    r"|(?<=[-+*/%=<>|&!:,]) +| +(?=[-+*/%=<>|&!])",
    re.MULTILINE,
)


def condensed(source: bytes) -> bytes:
    """Return a module without the parts that only readers and type checkers need.

    These are comments, docstrings, annotations, protocols, imports for them, and layout within a
    line: more than a third of the source. In AWS Lambda they slow down every cold start.
    """
    code = _COMMENT.sub(r"\1", source.decode())
    code = _DOCSTRING.sub(_without_docstring, code)
    code = _FOR_CHECKERS.sub(_lines, code)
    code = _SIGNATURE.sub(_without_types, code)
    # A dataclass needs an annotation of each field, and reads what it says for `ClassVar` alone.
    code = _FIELDS.sub(lambda fields: _FIELD_TYPE.sub(r"\1: ...", fields[0]), code)
    code = _VARIABLE_TYPE.sub(r"\1", code)
    code = _TYPE_NAME.sub("", code)
    return _LAYOUT.sub(_without_layout, _without_unused_imports(code)).encode()


def _without_docstring(found: Match[str]) -> str:
    if found["string"]:
        return found[0]
    kept = f'{found["indentation"]}""' if found["alone"] else ""
    return kept + _lines(found)


def _without_types(signature: Match[str]) -> str:
    return _PARAMETER_TYPE.sub(r"\1\2", _RETURN_TYPE.sub("", signature[0]))


def _without_unused_imports(code: str) -> str:
    used = set(_WORD.findall(_IMPORT.sub("", code)))

    def kept(statement: Match[str]) -> str:
        module, *names = statement.groups()
        imported = [name.strip() for name in "".join(filter(None, names)).split(",")]
        names = [name for name in imported if name and name.split()[-1] in used]
        lines = _lines(statement)
        return f"from {module} import {', '.join(names)}{lines}" if names else lines

    return _IMPORT.sub(kept, code)


def _without_layout(found: Match[str]) -> str:
    return found["string"] or " " * (len(found["indentation"] or "") // 4)


def _lines(found: Match[str]) -> str:
    """Return the ends of the lines that are left out."""
    return "\n" * found[0].count("\n")
