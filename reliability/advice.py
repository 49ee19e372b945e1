"""The sentences that the function may answer with: those that its code holds."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import cdk_lightsail_containers_handler
from cdk_lightsail_containers_handler.errors import REASON_LIMIT


def is_sentence(reason: str) -> bool:
    """Return whether a reason says what happened and, behind a colon, what to do about it."""
    return (
        len(reason) <= REASON_LIMIT  # one that quotes AWS
        and not reason.startswith("unexpected ")
        and bool(_fixes().fullmatch(reason))
    )


@functools.cache
def _fixes() -> re.Pattern[str]:
    """Return what a reason with a fix looks like.

    A fix is a string of the function's code that has several words, or such strings with values
    between them. In a rollback there is another one behind it.
    """
    package = Path(cdk_lightsail_containers_handler.__file__).parent
    fixes = set()
    for module in package.rglob("*.py"):
        tree = ast.parse(module.read_text())
        documents = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        fixes |= {
            _pattern(node)
            for node in ast.walk(tree)
            if id(node) not in documents and " " in _words(node).strip()
        }
    fix = f"(?:{'|'.join(sorted(fixes))})"
    return re.compile(rf"\S.*: {fix}(?:; {fix})?", re.DOTALL)


def _words(node: ast.AST) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(
        part.value for part in parts if isinstance(part, ast.Constant) and type(part.value) is str
    )


def _pattern(node: ast.AST) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[^:]+" for part in parts
    )
