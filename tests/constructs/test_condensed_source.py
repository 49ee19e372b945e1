"""A module's source as the asset has it: shorter, with the same meaning in the same lines."""

import ast
from pathlib import Path

import pytest

from cdk_commands import ROOT
from cdk_lightsail_containers._handler.condensed_source import condensed

HANDLER = ROOT / "lambda" / "cdk_lightsail_containers_handler"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            '"a".join(b)  # c\nd = "e"\n"""f\ng"""\n# h\nif d: "i"\n',
            '"a".join(b)\nd = "e"\n\n\n\nif d: "i"\n',
        ),
        ('def f() -> int:\n    """G."""\n    return 1\n', "def f():\n\n return 1\n"),
        ('class A(B):\n    """C."""\n', 'class A(B):\n ""\n'),
        (
            "def f(a: int, *b: str, c: int = 1, **d: str) -> None: ...\n",
            "def f(a, *b, c = 1, **d): ...\n",
        ),
        ('def f(ä: "ö", b: int = 2): ...\n', "def f(ä, b = 2): ...\n"),
        (
            "def f(\n    a: dict[\n        str, int\n    ],\n): ...\n",
            "def f(\n a: dict[\n  str, int\n ],\n): ...\n",
        ),
        ("if TYPE_CHECKING:\n    import a\n\n    import b\nc = 1\n", "\n\n\n\nc = 1\n"),
        (
            'a = """\n    b\n"""\nif a:\n    c = f"""\n    {a}\n    """\n',
            'a = """\n    b\n"""\nif a:\n c = f"""\n    {a}\n    """\n',
        ),
        ("class A:\n    b: int = 1\n", "class A:\n b: int = 1\n"),
        (
            "from __future__ import a\nfrom .b import (\n    C,\n    d as D,\n    e,\n)\nD(e)\n",
            "from __future__ import a\nfrom .b import d as D, e\n\n\n\n\nD(e)\n",
        ),
        ("from b import C\ndef f(c: C): ...\n", "\ndef f(c): ...\n"),
        (
            "from b import C\nclass A:\n    c: list[C]\n",
            "from b import C\nclass A:\n c: list[C]\n",
        ),
    ],
)
def test_leaves_out_what_only_readers_and_checkers_need(source: str, expected: str) -> None:
    assert condensed(source.encode()).decode() == expected


@pytest.mark.parametrize("module", sorted(HANDLER.rglob("*.py")), ids=lambda path: path.stem)
def test_keeps_the_meaning_and_the_line_of_every_statement(module: Path) -> None:
    source = module.read_bytes()

    code = condensed(source)

    assert meaning(code) == meaning(source)
    assert names(code) & imported(source) <= imported(code)
    assert b"# " not in code
    assert len(code.splitlines()) == len(source.splitlines())


def meaning(source: bytes) -> list[str]:
    """What each statement means, and in which line, but for what is left out."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not is_left_out(one)]  # type: ignore[attr-defined]
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return [f"{node.lineno}: {ast.dump(node)}" for node in statements]


def names(source: bytes) -> set[str]:
    """The names that a module uses, also in annotations of fields."""
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def imported(source: bytes) -> set[str]:
    """The names that a module imports from others."""
    return {
        name.asname or name.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


def is_left_out(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return True  # what is used of it is looked at by itself
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
