"""Who may import whom, and what the source roots must not become."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONSTRUCTS = ROOT / "constructs" / "cdk_lightsail_containers"
HANDLER = ROOT / "lambda" / "cdk_lightsail_containers_handler"
LOCAL = ROOT / "local" / "lightsail_local"

STANDARD_LIBRARY_ONLY = [
    "properties/rules",
    "properties/container",
    "properties/container_image",
    "properties/container_service_deployment",
    "properties/image_source",
    "properties/public_endpoint",
    "properties/secret_value",
    "errors",
    "deadline",
    "request_log",
    "container_image",
    "container_service_deployment",
    "deployment",
    "deployment_failure",
    "hand_over",
    "image_removal",
    "mask",
    "plain_text",
    "push",
]
# The registry's own layers are held by tests/registry/test_layers.py.
HANDLER_IMPORTS = {
    "plain_text": set(),
    "errors": {"plain_text"},
    "deadline": set(),
    "mask": {"plain_text"},
    "request_log": {"mask"},
    "hand_over": {"properties"},
    "response": {"deadline", "plain_text"},
    "calls": {"deadline", "errors", "request_log"},
    "deployment": {"properties"},
    "lightsail_call": {"errors"},
    "lightsail_answer": {"properties"},
    "lightsail": {"calls", "deadline", "deployment", "errors", "lightsail_answer", "lightsail_call"}
    | {"properties", "request_log"},
    "secret_values": {"calls", "errors", "mask", "properties"},
    "credentials": {"calls", "errors", "lightsail", "lightsail_answer", "properties", "registry"}
    | {"secret_values"},
    "image_removal": {"deadline", "errors", "lightsail", "lightsail_answer", "properties"}
    | {"request_log"},
    "container_image": {"calls", "deadline", "errors", "image_removal", "lightsail"}
    | {"lightsail_answer", "properties", "request_log", "stack"},
    "deployment_failure": {"deployment", "errors", "lightsail", "plain_text", "request_log"},
    "container_service_deployment": {
        "calls",
        "deadline",
        "deployment",
        "deployment_failure",
        "errors",
        "lightsail",
        "properties",
        "request_log",
        "stack",
    },
    "stack": {"calls", "deadline", "errors", "lightsail", "request", "request_log"},
    "s3_object": {"calls", "deadline", "errors", "registry"},
    "metered_source": {"registry"},
    "push": {
        "calls",
        "credentials",
        "deadline",
        "errors",
        "lightsail",
        "mask",
        "metered_source",
        "properties",
        "registry",
        "request_log",
        "s3_object",
    },
    "custom_resource": {"calls", "response", "deadline", "errors", "hand_over", "request_log"},
    "request": set(),
    "resources": {
        "calls",
        "container_image",
        "container_service_deployment",
        "custom_resource",
        "errors",
        "hand_over",
        "image_removal",
        "lightsail",
        "lightsail_answer",
        "properties",
        "push",
        "registry",
        "secret_values",
        "stack",
    },
    "whole_answers": set(),
    "main": {"calls", "custom_resource", "registry", "request", "resources", "whole_answers"},
}


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


def test_constructs_import_nothing_of_the_handler_but_the_contract() -> None:
    of_handler = {
        name
        for module in CONSTRUCTS.glob("*.py")
        for name in imports(module)
        if name.startswith("cdk_lightsail_containers_handler")
    }

    contract = "cdk_lightsail_containers_handler.properties."
    assert of_handler
    assert {name for name in of_handler if not name.startswith(contract)} == set()


def test_one_module_alone_asks_the_cdk_for_tokens() -> None:
    # It ends in a traceback, and jsii with it, for many of Python's values.
    asking = {
        module.stem for module in CONSTRUCTS.glob("*.py") if ".is_unresolved(" in module.read_text()
    }

    # Those of a Duration are its own.
    assert asking == {"tokens", "handler", "seconds"}


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


def test_the_local_cloud_imports_neither_of_the_other_packages() -> None:
    ours = {"cdk_lightsail_containers", "cdk_lightsail_containers_handler"}

    assert not imported_packages(list(LOCAL.rglob("*.py"))) & ours


def test_every_module_of_the_handler_imports_only_the_layers_below_it() -> None:
    found = {
        module.stem: {
            name[1:].partition(".")[0] for name in imports(module) if name.startswith(".")
        }
        for module in HANDLER.glob("*.py")
        if module.stem != "__init__"
    }

    assert found == HANDLER_IMPORTS


@pytest.mark.parametrize(
    ("package", "module"), [("crhelper", "custom_resource"), ("boto3", "main")]
)
def test_one_module_alone_imports_what_is_hard_to_test(package: str, module: str) -> None:
    importing = {
        path.stem for path in HANDLER.rglob("*.py") if package in imported_packages([path])
    }

    assert importing == {module}


@pytest.mark.parametrize("name", STANDARD_LIBRARY_ONLY)
def test_a_module_without_services_needs_the_standard_library_alone(name: str) -> None:
    packages = imported_packages([HANDLER / f"{name}.py"])

    assert not packages & {"boto3", "botocore", "crhelper", "urllib3"}


def test_only_lightsail_names_the_operations_of_lightsail() -> None:
    operations = ("get_container", "register_container", "delete_container", "create_container")
    naming = {
        module.stem
        for module in HANDLER.rglob("*.py")
        if any(f".{operation}" in module.read_text() for operation in operations)
    }

    assert naming == {"lightsail"}


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
