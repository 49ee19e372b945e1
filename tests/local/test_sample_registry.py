"""A registry to pull from."""

import json
from http.client import HTTPConnection
from typing import Any

import pytest

from lightsail_local.behaviour.failure import Failure
from lightsail_local.images.manifest import digest_of
from lightsail_local.samples.sample_image import sample_image
from lightsail_local.samples.sample_registry import SampleRegistry


def get(registry: SampleRegistry, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    connection = HTTPConnection(registry.image("").partition("/")[0])
    connection.request(method, path)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers.get("Content-Type", ""), content


def manifest(registry: SampleRegistry, target: str) -> Any:
    status, media_type, content = get(registry, f"/v2/sample/manifests/{target}")
    assert status == 200
    assert json.loads(content)["mediaType"] == media_type
    return json.loads(content)


def test_has_an_index_of_two_platforms_and_an_attestation_for_every_tag() -> None:
    with SampleRegistry() as registry:
        index = manifest(registry, "hello")

        platforms = [entry["platform"]["architecture"] for entry in index["manifests"]]
        assert platforms == ["amd64", "arm64", "unknown"]
        assert index["manifests"][0]["digest"] == sample_image("hello").digest


@pytest.mark.parametrize("failure", ["crash", "health_check", "took_too_long"])
def test_the_images_of_some_tags_fail(failure: Failure) -> None:
    with SampleRegistry() as registry:
        index = manifest(registry, failure)

        digest = sample_image(failure, fails=failure).digest
        assert index["manifests"][0]["digest"] == digest


def test_gives_what_the_index_names() -> None:
    with SampleRegistry() as registry:
        index = manifest(registry, "hello")

        image = manifest(registry, index["manifests"][0]["digest"])

        for blob in (image["config"], *image["layers"]):
            _, _, content = get(registry, f"/v2/sample/blobs/{blob['digest']}")
            assert (digest_of(content), len(content)) == (blob["digest"], blob["size"])


def test_answers_that_it_is_a_registry() -> None:
    with SampleRegistry() as registry:
        assert get(registry, "/v2/")[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/other/manifests/hello"),
        ("GET", f"/v2/sample/blobs/sha256:{0:064x}"),
        ("POST", "/v2/sample/manifests/hello"),
    ],
)
def test_has_nothing_else(method: str, path: str) -> None:
    with SampleRegistry() as registry:
        assert get(registry, path, method)[0] == 404
