"""The DNS records of a world, and those that a stack's resource stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk_lightsail_containers_handler.domains.records import Record
from cdk_lightsail_containers_handler.properties.domains import (
    CERTIFICATE_VALIDATION_TYPE,
    DOMAIN_ENTRY_TYPE,
)
from world.aws import LIGHTSAIL_ZONE
from world.custom_resource import Resource
from world.world import World


def records(world: World) -> set[Record]:
    """Return the records of both zones."""
    entries = world.call("GetDomain", domainName=LIGHTSAIL_ZONE)["domain"]["domainEntries"]
    sets = [{**one, "target": " ".join(one["values"])} for one in world.route53.sets]
    return {Record.of(one["name"], one["type"], one["target"]) for one in (*sets, *entries)}


def by_lightsail(world: World) -> set[Record]:
    """Return the records that Lightsail has written by itself, also those that are gone."""
    written = world.lightsail.lightsail.domains.written
    return {Record.of(name, "CNAME", value) for name, value in written}


def stood_for(world: World, resource: Resource) -> Iterator[Record]:
    """Return the records that a resource stands for: without its certificate, none."""
    if resource.kind == CERTIFICATE_VALIDATION_TYPE and (found := certificate(world, resource)):
        for one in found["domainValidationRecords"]:
            shown = one["resourceRecord"]
            yield Record.of(shown["name"], shown["type"], shown["value"])
    if resource.kind == DOMAIN_ENTRY_TYPE:
        host = resource.properties["Target"].removeprefix("https://").rstrip("/")
        yield Record.of(resource.properties["Name"], "A", host)


def certificate(world: World, resource: Resource) -> dict[str, Any] | None:
    """Return the certificate of a validation, None for one that is not there."""
    name = resource.properties["CertificateName"]
    found = world.call("GetCertificates")["certificates"]
    return next((one["certificateDetail"] for one in found if one["certificateName"] == name), None)
