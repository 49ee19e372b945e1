"""A tag that is looked up whenever the app is synthesized, and pinned by its digest."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from aws_cdk import Annotations

from cdk_lightsail_containers_handler.deadline import Deadline
from cdk_lightsail_containers_handler.mask import Mask
from cdk_lightsail_containers_handler.properties.rules import show
from cdk_lightsail_containers_handler.registry.errors import (
    Missing,
    RegistryError,
    Rejected,
    Unauthorized,
)
from cdk_lightsail_containers_handler.registry.http.connection import Connections, Timeouts
from cdk_lightsail_containers_handler.registry.http.request import Request
from cdk_lightsail_containers_handler.registry.manifest import MEDIA_TYPES, digest_of
from cdk_lightsail_containers_handler.registry.reference import DIGEST, Reference
from cdk_lightsail_containers_handler.registry.repository import Repository

from ._checks import is_known, is_lookup_dummy
from ._docker_login import docker_login

if TYPE_CHECKING:
    from constructs import Construct, IConstruct

    from cdk_lightsail_containers_handler.registry.auth import Credentials

_SECONDS = 30.0
_TIMEOUTS = Timeouts(connect=5, read=15)
_OK = 200
_ACCEPT = {"Accept": ", ".join(MEDIA_TYPES)}
_CONTEXT_FILE = Path("cdk.context.json")


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The digest of a tag.

    Args:
        digest: the digest.
        warning: why it may be an old one; empty if it is not.
    """

    digest: str
    warning: str = ""


# What each app has looked up, by image: it sees one registry from beginning to end.
_found: WeakKeyDictionary[IConstruct, dict[str, _Found]] = WeakKeyDictionary()


def check_tracked(image: object) -> None:
    """Check that the tag of an image can be looked up at synthesis."""
    if is_lookup_dummy(image):
        return  # the app is synthesized once more, with the real value
    rule = "image must have a tag that is known at synthesis with track_tag"
    if not isinstance(image, str) or not is_known(image):
        raise ValueError(f"{rule}, got {show(image)}")
    if Reference.parse(image).digest:
        raise ValueError(f"{rule}, got the digest of {show(image)}: leave track_tag out")


def pinned(scope: Construct, image: str) -> str:
    """Return an image by the digest that its tag has now.

    Args:
        scope: the construct that uses it.
        image: its name, as `check_tracked` takes it.

    Raises:
        ValueError: the registry has no such tag, or cannot be asked, and the context has no digest.
    """
    if is_lookup_dummy(image):
        return image
    all_found = _found.setdefault(scope.node.root, {})
    if image not in all_found:
        all_found[image] = _looked_up(scope, Reference.parse(image))
    found = all_found[image]
    if found.warning:
        # On each construct: the command line shows only the warnings of the stacks that it deploys.
        Annotations.of(scope).add_warning_v2(
            "cdk-lightsail-containers:tagNotLookedUp", found.warning
        )
    return f"{image}@{found.digest}"


def _looked_up(scope: Construct, reference: Reference) -> _Found:
    """Return the digest of a tag; if the registry does not say, the one that the context has."""
    key = f"image-digest:{reference}"
    login = docker_login(reference)
    try:
        digest = _ask(reference, login)
    except RegistryError as error:
        problem = _without(login, error.problem)
        kept = scope.node.try_get_context(key)
        if isinstance(error, Missing):
            raise ValueError(f"image must exist to track its tag: {problem}") from None
        if not isinstance(kept, str) or not DIGEST.fullmatch(kept):
            fix = "go online"
            if isinstance(error, Unauthorized):
                fix = "correct that login" if login else "log in with docker login"
                sent = "with the login of docker or podman" if login else "without a login"
                problem = f"{problem}, asked {sent}"
            raise ValueError(
                f"image must be in a registry that can be asked to track its tag: {problem}; "
                f"cdk.context.json has no digest of it: {fix}, or name a digest"
            ) from None
        warning = f"{problem}: {reference} stays at {kept}, as cdk.context.json has it"
        return _Found(digest=kept, warning=warning)
    _keep(key, digest)
    return _Found(digest=digest)


def _ask(reference: Reference, login: Credentials | None) -> str:
    with Connections(timeouts=_TIMEOUTS) as connections:
        repository = Repository(
            reference,
            connections=connections,
            deadline=Deadline(ends=time.monotonic() + _SECONDS),
            credentials=lambda: login,
        )
        # Docker Hub counts a GET as a pull, but not a HEAD.
        request = Request(
            method="HEAD",
            url=repository.url(f"manifests/{reference.tag}"),
            purpose=f"tell the digest of {reference}",
            headers=_ACCEPT,
        )
        try:
            response = repository.transport.send(request, _OK)
        except (Missing, Rejected, Unauthorized):
            digest = ""  # a GET says why, and some registries take no HEAD
        else:
            digest = response.header("Docker-Content-Digest")
            response.close()
        return digest if DIGEST.fullmatch(digest) else digest_of(repository.manifest().content)


def _without(login: Credentials | None, text: str) -> str:
    mask = Mask()
    if login is not None:
        mask.hide(login.password)
        mask.hide(login.header.partition(" ")[2])
    return mask(text)


def _keep(key: str, digest: str) -> None:
    """Keep a digest where the CDK's command line keeps what it has looked up."""
    if "CDK_OUTDIR" not in os.environ:
        return  # the app runs by itself, as in a test
    try:
        context = json.loads(_CONTEXT_FILE.read_text()) if _CONTEXT_FILE.exists() else {}
        if context.get(key) == digest:
            return
        context[key] = digest
        new = _CONTEXT_FILE.with_suffix(".json.new")
        new.write_text(json.dumps(context, indent=2) + "\n")
        new.replace(_CONTEXT_FILE)
    except (OSError, ValueError, AttributeError):
        pass  # it is for another time, when there is no way to the registry
