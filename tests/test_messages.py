"""The messages and steps that the documents list are those that the code has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HANDLER = ROOT / "lambda" / "cdk_lightsail_containers_handler"
OPERATIONS, TROUBLESHOOTING = (
    ROOT / "docs" / name for name in ("operations.md", "troubleshooting.md")
)
ERRORS = {
    "HandlerError",
    "PlainCall",
    "NotFound",
    "Refused",
    "Unanswered",
    "OutOfTime",
    "Unfinished",
    "Unauthorized",
    "DigestMismatch",
    "Unsupported",
    "TransportError",
    "UploadInterrupted",
}
# What differs from case to case, as the documents write it.
NAMES = re.compile(r"\.\.\.|<[^>]*>|'[^']*'|\([^)]*\)?|sha256:|linux/\w+|[0-9][0-9.]*")


def parts(node: ast.AST) -> list[str]:
    """The strings between the names of a message in the code."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [
            str(value.value) if isinstance(value, ast.Constant) else "\0" for value in node.values
        ]
    return []


def strings(*roots: Path) -> str:
    """All strings in the modules below some folders."""
    return "\n".join(
        "".join(parts(node))
        for root in roots
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
    )


def problems() -> Iterator[tuple[str, str]]:
    """The module, and the longest string between the names, of each error of the handler."""
    for path in sorted(HANDLER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in ERRORS and node.args:
                problem = node.args[1 if name == "PlainCall" else 0]
                longest = max(
                    (part.strip(" ':;,(") for part in parts(problem)), key=len, default=""
                )
                if len(longest) > 3:
                    yield path.stem, longest


def documented(document: Path) -> list[str]:
    """The messages in the tables of messages of a document."""
    text = document.read_text()
    tables = re.findall(r"^\| message \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [
        message
        for table in tables
        for row in table.splitlines()
        for message in re.findall(r"`([^`]+)`", row.split(" | ")[0])
    ]


def steps() -> set[str]:
    """The steps that the function logs."""
    logged = {
        node.args[0].value
        for path in HANDLER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in {"_log", "log"}
        and isinstance(node.args[0], ast.Constant)
    }
    return {str(step) for step in logged}


def test_each_step_of_the_log_is_in_the_operations_guide() -> None:
    # It has several that begin with the same words once.
    beginnings = {step.partition(": ")[0] for step in steps()}

    document = re.sub(r"\s+", " ", OPERATIONS.read_text())
    assert len(beginnings) > 20
    assert [step for step in beginnings if f"`{step}" not in document] == []


@pytest.mark.parametrize(("module", "text"), list(problems()))
def test_each_message_of_the_handler_is_in_the_list_of_messages(module: str, text: str) -> None:
    assert text in TROUBLESHOOTING.read_text()


def test_each_message_in_the_list_is_in_the_code() -> None:
    said = strings(HANDLER, ROOT / "constructs", ROOT / "local")

    listed = documented(TROUBLESHOOTING)
    unknown = [
        message
        for message in listed
        for part in NAMES.split(message)
        if len(part.strip(" ':;,()")) > 3 and part.strip(" ':;,()") not in said
    ]
    assert len(listed) > 80
    assert unknown == []
