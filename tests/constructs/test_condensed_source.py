"""A module's source as the asset has it: shorter, with the same meaning in the same lines."""

import ast
from pathlib import Path

import pytest
from demo.cdk_program import ROOT

from cdk_lightsail_containers._handler.condensed_source import condensed

HANDLER = ROOT / "lambda" / "cdk_lightsail_containers_handler"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            '"a".join(b)  # c\nd = "#e"\n"""f\ng"""\n# h\nif d:  # j\n    i()\n',
            '"a".join(b)\nd = "#e"\n\n\n\nif d:\n    i()\n',
        ),
        ('def f() -> int:\n    """G."""\n    return 1\n', "def f() -> int:\n\n    return 1\n"),
        ('class A(B):  # c\n    """C."""\n\n\nd = 1\n', 'class A(B):\n    ""\n\n\nd = 1\n'),
        (
            'class A:\n    def f(self):\n        """F."""\n\n    def g(self): ...\n',
            'class A:\n    def f(self):\n        ""\n\n    def g(self): ...\n',
        ),
        (
            'a = """\n    b = #\n"""\nif a:\n    c = f"""\n    {a}\n    """\n',
            'a = """\n    b = #\n"""\nif a:\n    c = f"""\n    {a}\n    """\n',
        ),
        (
            "if TYPE_CHECKING:\n    from a import B\n\n    from c import D\n\nE = 1\n",
            "\n\n\n\n\nE = 1\n",
        ),
    ],
)
def test_leaves_out_what_only_readers_need(source: str, expected: str) -> None:
    assert condensed(source) == expected


@pytest.mark.parametrize("module", sorted(HANDLER.rglob("*.py")), ids=lambda path: path.stem)
def test_keeps_the_meaning_and_the_line_of_every_statement(module: Path) -> None:
    source = module.read_text("utf-8")

    code = condensed(source)

    assert meaning(code) == meaning(source)
    assert "# " not in code
    assert len(code.splitlines()) == len(source.splitlines())


def meaning(source: str) -> list[str]:
    """What each statement means, and in which line, but for docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not (is_docstring(one) or is_for_types(one))]  # type: ignore[attr-defined]
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return [f"{node.lineno}: {ast.dump(node)}" for node in statements]


def is_for_types(node: ast.stmt) -> bool:
    """Whether it is a block of imports that only annotations need."""
    return (
        isinstance(node, ast.If)
        and ast.unparse(node.test) == "TYPE_CHECKING"
        and all(isinstance(one, ast.ImportFrom) for one in node.body)
        and not node.orelse
    )


def is_docstring(node: ast.stmt) -> bool:
    """Whether it is a string of its own, before what it is about or after it."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
