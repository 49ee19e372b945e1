"""Makes a module's source shorter and keeps every statement in its line."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BETWEEN_STATEMENTS = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.INDENT,
    tokenize.NL,
}
_ARROW = re.compile(r" *-> *\Z")
_WORD = re.compile(r"\w+")
_INDENTATION = re.compile(r"(?: {4})+")


def condensed(source: bytes) -> bytes:
    """Return a module without the parts that only readers and type checkers need.

    These are comments, docstrings, annotations of functions, imports for them and wide indentation:
    a third of the source. In AWS Lambda they slow down every cold start.
    """
    code = _without_types(_without_comments(source.decode()))
    return _narrow(_without_unused_imports(code)).encode()


def _without_comments(source: str) -> str:
    lines = source.splitlines(keepends=True)
    alone = set(_lines_of_lone_strings(source))
    found = []
    is_first = True  # token of its statement
    for token, following in itertools.pairwise(_tokens(source)):
        is_whole_statement = is_first and following.type == tokenize.NEWLINE
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and is_whole_statement):
            found.append(token)
        if token.type == tokenize.NEWLINE:
            is_first = True
        elif token.type not in _BETWEEN_STATEMENTS:
            is_first = False
    for token in reversed(found):
        (first, start), (last, end) = token.start, token.end
        kept = '""' if token.type == tokenize.STRING and first in alone else ""
        before, after = lines[first - 1][:start], lines[last - 1][end:]
        if not kept:
            before = before.rstrip()
        lines[first - 1 : last] = [f"{before}{kept}{after}", *["\n"] * (last - first)]
    return "".join(lines)


def _lines_of_lone_strings(source: str) -> Iterator[int]:
    """Yield the lines of strings that are all that their block contains."""
    for node in ast.walk(ast.parse(source)):
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(node, block, None)
            if isinstance(statements, list) and statements and all(map(_is_string, statements)):
                yield statements[0].lineno


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def _without_types(source: str) -> str:
    # The columns of a tree count bytes.
    lines = source.encode().splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            last = node.body[-1].end_lineno or node.lineno
            lines[node.lineno - 1 : last] = [b"\n"] * (last - node.lineno + 1)
    text = "".join(line.decode() for line in lines)
    starts = [0, *itertools.accumulate(map(len, text.splitlines(keepends=True)))]
    for start, end in sorted(_annotations(text, starts), reverse=True):
        text = text[:start] + text[end:]
    return text


def _without_unused_imports(source: str) -> str:
    """Return a module with the imports that it uses."""
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    # What annotations of fields name is text to Python, and dataclasses look for some in it.
    fields = {
        word
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        for word in _WORD.findall(ast.unparse(node.annotation))
    }
    lines = source.splitlines(keepends=True)
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom) or node.module == "__future__":
            continue
        kept = [name for name in node.names if (name.asname or name.name) in used | fields]
        if len(kept) == len(node.names):
            continue
        last = node.end_lineno or node.lineno
        left = ast.unparse(ast.ImportFrom(node.module, kept, node.level)) if kept else ""
        lines[node.lineno - 1 : last] = [f"{left}\n", *["\n"] * (last - node.lineno)]
    return "".join(lines)


def _annotations(text: str, starts: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each function annotation that fits in one line."""

    def offset(line: int | None, column: int | None) -> int:
        at = starts[(line or 1) - 1]
        # Columns count bytes.
        return at + len(text[at:].encode()[: column or 0].decode())

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.arg) and node.annotation:
            start = offset(node.lineno, node.col_offset) + len(node.arg)
            end = offset(node.annotation.end_lineno, node.annotation.end_col_offset)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            at = offset(node.returns.lineno, node.returns.col_offset)
            arrow = _ARROW.search(text[:at])
            start = arrow.start() if arrow else at
            end = offset(node.returns.end_lineno, node.returns.end_col_offset)
        else:
            continue
        if "\n" not in text[start:end]:
            yield start, end


def _narrow(source: str) -> str:
    """Return a module indented by one space instead of four, strings excepted."""
    lines = source.splitlines(keepends=True)
    # Since Python 3.12 the literal parts of an f-string are tokens of their own.
    kinds = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    within = {
        line
        for token in _tokens(source)
        if token.type in kinds
        for line in range(token.start[0] + 1, token.end[0] + 1)
    }
    for number, line in enumerate(lines, 1):
        indentation = _INDENTATION.match(line)
        if indentation and number not in within:
            lines[number - 1] = " " * (indentation.end() // 4) + line[indentation.end() :]
    return "".join(lines)


def _tokens(source: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.tokenize(io.BytesIO(source.encode()).readline))
