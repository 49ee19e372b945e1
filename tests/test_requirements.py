"""What is installed is pinned, hashed, and what `pyproject.toml` asks for."""

import importlib.metadata
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo.cdk_program import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pyproject import PYPROJECT

GROUPS = PYPROJECT["dependency-groups"]
OWN = "cdk-lightsail-containers"
FIX = "run `make requirements`"
FILES = [f"requirements-{one}.txt" for one in ("dev", "runtime", "runtime-tests", "fuzz")]
RUNTIME = ROOT / ".venv-runtime" / "bin" / "python"
RUNTIME_TESTS = ROOT / ".venv-runtime-tests" / "bin" / "python"


def lines(name: str) -> list[str]:
    """The entries of a file of requirements, each with its hashes."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pins(name: str) -> dict[str, Requirement]:
    """The pinned requirements of a file by name."""
    found = [Requirement(line.partition(" --hash")[0]) for line in lines(name) if line != "-e ."]
    return {canonicalize_name(one.name): one for one in found}


def version(pin: Requirement) -> str:
    (only,) = pin.specifier
    assert only.operator == "=="
    return only.version


def requirements(group: str) -> Iterator[Requirement]:
    """What a group of `pyproject.toml` names."""
    for entry in GROUPS[group]:
        if isinstance(entry, str):
            yield Requirement(entry)
        else:
            yield from requirements(entry["include-group"])


def asked_for() -> list[Requirement]:
    """All that `pyproject.toml` names."""
    project = PYPROJECT["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    named = [Requirement(text) for text in [*project["dependencies"], *extras]]
    return [*named, *requirements("dev")]


@pytest.mark.parametrize("name", FILES)
def test_everything_is_pinned_and_hashed(name: str) -> None:
    for line in lines(name):
        assert re.fullmatch(r"[a-z0-9-]+==[^ ]+( ; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+", line)


def test_what_a_user_installs_begins_with_the_package_itself() -> None:
    # pip takes no hashes beside an editable package, so these are the same pins without.
    first, *others = lines("requirements.txt")

    assert first == "-e ."
    locked = pins("requirements-dev.txt")
    assert {Requirement(line).name for line in others} >= {"aws-cdk-lib", "constructs", "crhelper"}
    for line in others:
        assert str(Requirement(line).specifier) == str(locked[Requirement(line).name].specifier)


def installed(python: Path) -> dict[str, str]:
    """The versions of what an interpreter sees, and its own as that of `python`."""
    program = (
        "import importlib.metadata, json, sys; found = importlib.metadata.distributions();"
        "versions = {one.metadata['Name']: one.version for one in found};"
        "print(json.dumps({**versions, 'python': '%d.%d' % sys.version_info[:2]}))"
    )
    # Isolated, so that the environment of the tests does not show.
    run = subprocess.run([python, "-I", "-c", program], check=True, capture_output=True, text=True)
    return {canonicalize_name(name): one for name, one in json.loads(run.stdout).items()}


def test_the_runtime_is_not_held_back_by_the_tools() -> None:
    tools, runtime = pins("requirements-dev.txt"), pins("requirements-runtime.txt")

    assert {canonicalize_name(one.name) for one in requirements("runtime")} <= set(runtime)
    # The first release that takes an answer which was cut off for a success.
    assert Version(version(tools["botocore"])) < Version("1.43.115")
    assert Version(version(runtime["botocore"])) >= Version("1.43.115")


def test_the_functions_tests_run_with_what_the_runtime_has() -> None:
    runtime, tests = pins("requirements-runtime.txt"), pins("requirements-runtime-tests.txt")
    named = [
        *map(Requirement, PYPROJECT["project"]["dependencies"]),
        *requirements("runtime-tests"),
    ]

    assert {name: str(tests[name]) for name in runtime} == {
        name: str(pin) for name, pin in runtime.items()
    }
    for requirement in named:
        pin = tests[canonicalize_name(requirement.name)]
        assert version(pin) in requirement.specifier, f"{requirement}, {pin}: {FIX}"


def test_the_runtime_has_what_is_pinned_and_nothing_else() -> None:
    found = installed(RUNTIME)
    del found["python"]

    assert found == {name: version(pin) for name, pin in pins("requirements-runtime.txt").items()}


@pytest.mark.parametrize("python", [RUNTIME, RUNTIME_TESTS])
def test_the_runtime_has_the_python_of_the_function(python: Path) -> None:
    (wanted,) = re.findall(r"(?m)^RUNTIME := (.+)$", (ROOT / "Makefile").read_text())
    handler = ROOT / "constructs" / "cdk_lightsail_containers" / "handler.py"
    found = installed(python)["python"] if python.exists() else "none"

    assert f"lambda_.Runtime.PYTHON_{wanted.replace('.', '_')}," in handler.read_text()
    if found != wanted and "CI" not in os.environ:
        pytest.skip(f"Python {wanted} is not installed, {python} is {found}")
    assert found == wanted


def test_everything_that_pyproject_asks_for_is_pinned_in_its_range() -> None:
    locked = pins("requirements-dev.txt")

    for requirement in asked_for():
        pin = locked.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement} is not pinned: {FIX}"
        assert version(pin) in requirement.specifier, f"{requirement}, {pin}: {FIX}"


def test_nothing_is_pinned_that_is_not_asked_for_and_nothing_left_out() -> None:
    needed, waiting = set(), asked_for()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in needed:
                continue
            needed.add((name, extra))
            for text in importlib.metadata.requires(name) or []:
                one = Requirement(text)
                if one.marker is None or one.marker.evaluate({"extra": extra}):
                    waiting.append(one)

    here = {
        name
        for name, pin in pins("requirements-dev.txt").items()
        if pin.marker is None or pin.marker.evaluate()
    }
    assert here == {name for name, _ in needed}, FIX


def test_what_is_installed_is_what_is_pinned() -> None:
    locked = pins("requirements-dev.txt")
    installed = {
        canonicalize_name(one.metadata["Name"]): one.version
        for one in importlib.metadata.distributions()
    }

    others = {
        name: found
        for name, found in installed.items()
        if name in locked and found != version(locked[name])
    }
    assert others == {}


def test_the_package_is_built_with_what_is_pinned() -> None:
    (build,) = PYPROJECT["build-system"]["requires"]

    assert str(pins("requirements-dev.txt")["hatchling"]) == build


def test_no_index_is_named() -> None:
    for name in ("requirements.txt", *FILES):
        assert "://" not in (ROOT / name).read_text()


def test_the_command_line_of_the_cdk_is_pinned_and_hashed() -> None:
    lock: dict[str, Any] = json.loads((ROOT / "package-lock.json").read_text())
    own, *others = lock["packages"].values()

    assert own["devDependencies"].keys() == {"aws-cdk"}
    assert len(others) == 1
    for package in others:
        assert package["integrity"].startswith("sha512-")
        assert package["version"] == own["devDependencies"]["aws-cdk"]


def test_no_check_looks_into_an_environment_of_a_checkout_without_git() -> None:
    """As of an archive that was downloaded: .gitignore counts for nothing there."""
    command = [ROOT / ".venv" / "bin" / "ruff", "check", "--show-files", "--no-respect-gitignore"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    places = {Path(line).relative_to(ROOT).parts[0] for line in shown.splitlines()}
    assert {"constructs", "tests"} <= places
    assert not {place for place in places if place.startswith((".venv", "node_modules"))}
