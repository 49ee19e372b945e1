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
            '"a".join(b)\nd="#e"\n\n\n\nif d:\n i()\n',
        ),
        ('def f() -> int:\n    """G."""\n    return 1\n', "def f():\n\n return 1\n"),
        ('class A(B):  # c\n    """C."""\n\n\nd = 1\n', 'class A(B):\n ""\n\n\nd=1\n'),
        (
            'class A:\n    def f(self):\n        """F."""\n\n    def g(self): ...\n',
            'class A:\n def f(self):\n  ""\n\n def g(self):...\n',
        ),
        (
            "def f(a: int, *b: str, c: int = 1, **d: str) -> None: ...\n",
            "def f(a,*b,c=1,**d):...\n",
        ),
        ('def f(ä: "ö", b: A = lambda _: 2): ...\n', "def f(ä,b=lambda _:2):...\n"),
        (
            "def f(\n    a: dict[str, A[B]] | None,\n    b: C = ', d: e',\n) -> A[B]:\n    ...\n",
            "def f(\na,\nb=', d: e',\n):\n ...\n",
        ),
        ("if TYPE_CHECKING:\n    import a\n\n    import b\nc = 1\n", "\n\n\n\nc=1\n"),
        (
            'a = """\n    b = #\n"""\nif a:\n    c = f"""\n    {a}\n    """\n',
            'a="""\n    b = #\n"""\nif a:\n c=f"""\n    {a}\n    """\n',
        ),
        (
            "class A:\n    b: int = 1\n    c: list[str]\n\n    def f(self):\n        a: int = b\n",
            "class A:\n b:...=1\n c:...\n\n def f(self):\n  a=b\n",
        ),
        ('class A:\n    b: ClassVar[str] = "c: d = 1"\n', 'class A:\n b="c: d = 1"\n'),
        ("a: Final[dict[str, int]] = {b: c}\n", "a={b:c}\n"),
        (
            'from a import TypeVar\nT = TypeVar("T")\nU = TypeVar("U")\nclass A(B[U]): ...\n',
            'from a import TypeVar\n\nU=TypeVar("U")\nclass A(B[U]):...\n',
        ),
        (
            "class A(Protocol):\n    def b(self): ...\n\n    def c(self): ...\n\nclass D(A): ...\n",
            "\n\n\n\n\nclass D(A):...\n",
        ),
        ('A = Literal["b"]\nC = Callable[[], D]\nE = C | F\n', "\nC=Callable[[],D]\nE=C|F\n"),
        (
            "from __future__ import a\nfrom .b import (\n    C,\n    d as D,\n    e,\n)\nD(e)\n",
            "\nfrom .b import d as D,e\n\n\n\n\nD(e)\n",
        ),
        ("from b import C\ndef f(c: C): ...\n", "\ndef f(c):...\n"),
        ("a = b if c else -d ** 2\ne[f:] = g, *h\n", "a=b if c else-d**2\ne[f:]=g,*h\n"),
    ],
)
def test_leaves_out_what_only_readers_and_checkers_need(source: str, expected: str) -> None:
    assert condensed(source.encode()).decode() == expected


@pytest.mark.parametrize("module", sorted(HANDLER.rglob("*.py")), ids=lambda path: path.stem)
def test_keeps_the_meaning_and_the_line_of_every_statement(module: Path) -> None:
    source = module.read_bytes()

    code = condensed(source)

    assert meaning(code) == meaning(source)
    assert types(code) <= {"..."}
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
            node.body = [  # type: ignore[attr-defined]
                without_type(one, isinstance(node, ast.ClassDef))
                for one in body
                if not is_left_out(one)
            ]
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return [f"{node.lineno}: {ast.dump(node)}" for node in statements]


def without_type(node: ast.stmt, is_in_class: bool) -> ast.stmt:
    """A statement without the type of what it assigns; a field of a class keeps that it has one."""
    if not isinstance(node, ast.AnnAssign):
        return node
    if is_in_class and "ClassVar" not in ast.unparse(node.annotation):
        node.annotation = ast.Constant(...)
        return node
    if node.value is None:
        return node
    return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)


def types(source: bytes) -> set[str]:
    """The types that a module names, but for local variables that receive no value."""
    tree = ast.parse(source)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    local = {id(one) for body in bodies for one in body if isinstance(one, ast.AnnAssign)}
    found = [
        getattr(node, name, None)
        for node in ast.walk(tree)
        for name in ("annotation", "returns")
        if id(node) not in local
    ]
    return {ast.unparse(one) for one in found if one is not None}


def names(source: bytes) -> set[str]:
    """The names that a module uses."""
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def imported(source: bytes) -> set[str]:
    """The names that a module imports from others."""
    return {
        name.asname or name.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for name in node.names
    }


def is_left_out(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return True  # what is used of it is looked at by itself
    if isinstance(node, ast.ClassDef):
        return [ast.unparse(base) for base in node.bases] == ["Protocol"]
    if isinstance(node, ast.Assign):
        return ast.unparse(node.value).startswith(("TypeVar(", "Literal[", "Callable["))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
