"""What the engine's Amazon Route 53 answers about a name."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from lightsail_local.engine.engine import Engine

# While it reads a certificate for CloudFormation, the engine answers no request, and Lightsail asks
# it for the certificate's records. A later read asks again.
_PATIENCE = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})


def find_cname(engine: Engine, account: str, name: str) -> str | None:
    """Return what the CNAME record of a name says, None if no hosted zone has one or is found.

    Args:
        engine: the engine.
        account: the account whose hosted zones are searched.
        name: the domain name, without a final dot.
    """
    session = boto3.Session(account, "local", region_name="us-east-1")
    client = session.client(
        "route53", endpoint_url=engine.url, verify=str(engine.certificate), config=_PATIENCE
    )
    with closing(client), suppress(ConnectTimeoutError, ReadTimeoutError):
        for zone in client.list_hosted_zones()["HostedZones"]:
            if f"{name}.".endswith(f".{zone['Name']}"):
                found = _cname(client, zone["Id"], name)
                if found is not None:
                    return found
    return None


def _cname(client: Any, zone_id: str, name: str) -> str | None:
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id)
    for page in pages:
        for one in page["ResourceRecordSets"]:
            if one["Type"] == "CNAME" and one["Name"].rstrip(".") == name:
                return str(one["ResourceRecords"][0]["Value"])
    return None
