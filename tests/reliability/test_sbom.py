"""The documents of what the package and its function consist of."""

import json
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from reliability.supply_chain import sbom
from reliability.supply_chain.dependencies import required

from pyproject import VERSION
from staged_asset import staged_asset


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("dist")
    return {path.name: json.loads(path.read_text()) for path in sbom.write(folder)}


def test_there_is_one_of_the_package_and_one_of_the_function(documents: dict[str, Any]) -> None:
    assert list(documents) == [
        f"cdk-lightsail-containers-{VERSION}.cdx.json",
        f"cdk-lightsail-containers-{VERSION}-function.cdx.json",
    ]
    for document in documents.values():
        assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")


def test_that_of_the_package_has_all_that_it_needs_and_nothing_else(
    documents: dict[str, Any],
) -> None:
    package, _ = documents.values()

    names = [canonicalize_name(one["name"]) for one in package["components"]]
    assert sorted(names) == required()
    assert "pytest" not in required()
    assert all(one["purl"].startswith("pkg:pypi/") for one in package["components"])
    (own,) = [one for one in package["dependencies"] if one["ref"] == "root-component"]
    assert [ref.partition("==")[0] for ref in own["dependsOn"]] == [
        "aws-cdk-lib",
        "constructs",
        "crhelper",
    ]


def test_that_of_the_function_has_what_is_in_the_asset(
    documents: dict[str, Any], tmp_path: Path
) -> None:
    _, function = documents.values()
    asset = staged_asset(tmp_path)

    foreign = {path.name for path in asset.iterdir()} - {
        "cdk_lightsail_containers_handler.py",
        "cdk_lightsail_containers_handler.txt",
        "licenses",
    }
    assert foreign == {one["name"] for one in function["components"]} == {"crhelper"}
    assert function["metadata"]["component"]["name"] == "cdk-lightsail-containers-function"
    assert function["metadata"]["component"]["version"] == VERSION


@pytest.mark.nightly
def test_is_the_same_when_it_is_made_again(documents: dict[str, Any]) -> None:
    assert sbom.documents() == documents


def test_what_is_no_such_document_is_refused(documents: dict[str, Any]) -> None:
    package, _ = documents.values()

    with pytest.raises(ValueError, match="no CycloneDX document"):
        sbom.check({**package, "components": [{"name": "without a type"}]})
