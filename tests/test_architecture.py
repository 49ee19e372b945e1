"""Who may import whom, and what the source roots must not become."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONSTRUCTS = ROOT / "constructs" / "cdk_lightsail_containers"
HANDLER = ROOT / "lambda" / "cdk_lightsail_containers_handler"
LOCAL = ROOT / "local" / "lightsail_local"

# What the handler's rooms never import. Everything may use the modules beside `main`, except the
# registry's client, which could be lifted out: tests/registry/test_layers.py holds its layers.
NEVER = {
    "properties": {"aws", "cloudformation", "deployments", "domains", "images", "lightsail"},
    "registry": {"aws", "cloudformation", "deployments", "domains", "images", "lightsail"}
    | {"properties"},
    "aws": {"cloudformation", "deployments", "domains", "images", "lightsail", "registry"},
    "lightsail": {"cloudformation", "deployments", "domains", "images", "registry"},
    "cloudformation": {"deployments", "domains", "images", "registry"},
    "deployments": {"domains", "images", "registry"},
    "domains": {"deployments", "images", "registry"},
    "images": {"deployments", "domains"},
}
# Where a function begins, and what leads from there to its rooms.
ENTRIES = {"main", "domains_main", "resources"}
OPERATIONS = ("get_container", "register_container", "delete_container", "create_container")


def imports(module: Path) -> Iterator[str]:
    """The modules that a module imports, relative ones with their dots."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            if node.module:
                yield dots + node.module
            else:
                yield from (dots + name.name for name in node.names)


def imported_packages(modules: list[Path]) -> set[str]:
    return {
        name.split(".")[0]
        for module in modules
        for name in imports(module)
        if not name.startswith(".")
    }


@pytest.mark.parametrize("root", ["constructs", "lambda", "local"])
def test_a_source_root_is_never_a_package(root: str) -> None:
    # constructs/__init__.py would hide the PyPI package and break `import aws_cdk`.
    assert not (ROOT / root / "__init__.py").exists()


def test_the_installed_constructs_package_wins_over_the_source_root() -> None:
    import constructs  # noqa: PLC0415 - what is looked at

    assert ROOT / "constructs" not in Path(str(constructs.__file__)).parents


def test_constructs_never_import_the_handler_but_for_the_contract() -> None:
    of_handler = {
        (module.stem, name.removeprefix("cdk_lightsail_containers_handler."))
        for module in CONSTRUCTS.rglob("*.py")
        for name in imports(module)
        if name.startswith("cdk_lightsail_containers_handler")
    }

    beyond = {module for module, name in of_handler if not name.startswith("properties.")}
    assert of_handler
    # A tag is looked up with the registry's client, at synthesis.
    assert beyond == {"_docker_login", "_tracked_tag"}


def test_the_parts_of_the_handler_construct_never_import_a_construct() -> None:
    found = {
        name
        for module in (CONSTRUCTS / "_handler").glob("*.py")
        for name in imports(module)
        if name.startswith(("cdk_lightsail_containers.", ".."))
    }

    assert found == {
        "cdk_lightsail_containers._checks",
        "cdk_lightsail_containers._template_secrets",
    }


def test_the_policies_never_name_the_handler_construct() -> None:
    tree = ast.parse((CONSTRUCTS / "_handler" / "policies.py").read_text())

    assert "Handler" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_values_are_never_asked_for_tokens_but_by_the_checks() -> None:
    # The CDK's own question ends in a traceback, and jsii with it, for many of Python's values.
    asking = {
        module.stem
        for module in CONSTRUCTS.rglob("*.py")
        if "Token.is_unresolved(" in module.read_text()
    }

    assert asking == {"_checks"}


def test_the_contract_imports_nothing_of_the_handler_but_the_grammar_of_references() -> None:
    of_handler = {
        name
        for module in (HANDLER / "properties").glob("*.py")
        for name in imports(module)
        if name.startswith(("..", "cdk_lightsail_containers_handler"))
    }

    assert of_handler == {"cdk_lightsail_containers_handler.registry.reference"}


def test_the_handler_imports_neither_the_cdk_nor_our_other_packages() -> None:
    foreign = {"aws_cdk", "constructs", "jsii", "cdk_lightsail_containers", "lightsail_local"}

    assert not imported_packages(list(HANDLER.rglob("*.py"))) & foreign


def test_the_local_cloud_imports_neither_of_the_other_packages_but_to_push() -> None:
    ours = {"cdk_lightsail_containers", "cdk_lightsail_containers_handler"}
    found = {
        module.stem: name
        for module in LOCAL.rglob("*.py")
        for name in imports(module)
        if name.split(".")[0] in ours
    }

    # An image of an engine on another machine is pushed by the registry's client.
    assert set(found) == {"docker_program"}


def rooms_of(room: str) -> set[str]:
    """Return the rooms, and the modules beside `main`, that a room of the handler imports."""
    found = set()
    for module in (HANDLER / room).rglob("*.py"):
        folder = module.relative_to(HANDLER).parent.parts
        for name in imports(module):
            dots = len(name) - len(name.lstrip("."))
            if dots:
                parts = (*folder[: len(folder) - dots + 1], *name[dots:].split("."))
                found.add(parts[0])
            elif name.startswith(f"{HANDLER.name}."):
                found.add(name.split(".")[1])
    return found - {room}


def test_every_room_of_the_handler_has_its_row() -> None:
    assert {path.parent.name for path in HANDLER.glob("*/__init__.py")} == set(NEVER)


@pytest.mark.parametrize("room", NEVER)
def test_a_room_never_imports_what_stands_above_it(room: str) -> None:
    assert not rooms_of(room) & (NEVER[room] | ENTRIES)


def test_what_every_room_uses_never_imports_a_room() -> None:
    shared = {path.stem for path in HANDLER.glob("*.py")} - {"__init__", *ENTRIES}

    for name in shared:
        found = {imported.lstrip(".").split(".")[0] for imported in imports(HANDLER / f"{name}.py")}
        assert not found & set(NEVER)


@pytest.mark.parametrize(
    ("package", "module"), [("crhelper", "crhelper_guard"), ("boto3", "resources")]
)
def test_one_module_alone_imports_what_is_hard_to_test(package: str, module: str) -> None:
    importing = {
        path.stem for path in HANDLER.rglob("*.py") if package in imported_packages([path])
    }

    assert importing == {module}


@pytest.mark.parametrize("room", ["properties", "registry", "deployments"])
def test_a_room_without_services_needs_the_standard_library_alone(room: str) -> None:
    packages = imported_packages(list((HANDLER / room).rglob("*.py")))

    assert not packages & {"boto3", "botocore", "crhelper", "urllib3"}


def test_only_its_client_names_the_operations_of_lightsail() -> None:
    naming = {
        str(module.relative_to(HANDLER))
        for module in HANDLER.rglob("*.py")
        if any(f".{operation}" in module.read_text() for operation in OPERATIONS)
    }

    assert naming == {"lightsail/client.py"}


def test_nothing_below_main_swallows_every_exception() -> None:
    swallowing = {
        module.stem
        for module in [*HANDLER.rglob("*.py"), *CONSTRUCTS.rglob("*.py")]
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
        and not isinstance(node.body[-1], ast.Raise)
    }

    # Threads hand their failures to the thread that waits for them.
    assert swallowing == {"copy", "deadline"}
