"""What the properties of Lightsail's resource types may be, as AWS publishes it.

As JSON schemas, but without the properties that are read-only. No object takes a property that is
not listed, and the items of each array differ.
https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-lightsail
"""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_BOOLEAN: Schema = {"type": "boolean"}
_INTEGER: Schema = {"type": "integer"}
_STRING: Schema = {"type": "string"}


def _array(items: Schema) -> Schema:
    return {"type": "array", "uniqueItems": True, "items": items}


def _object(required: Sequence[str] = (), /, **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


_TAGS = _array(
    _object(
        ["Key"],
        Key={**_STRING, "minLength": 1, "maxLength": 128},
        Value={**_STRING, "minLength": 0, "maxLength": 256},
    )
)

_CONTAINER = _object(
    ContainerName=_STRING,
    Command=_array(_STRING),
    Environment=_array(_object(Variable=_STRING, Value=_STRING)),
    Image=_STRING,
    Ports=_array(_object(Port=_STRING, Protocol=_STRING)),
)

_PUBLIC_ENDPOINT = _object(
    ContainerName=_STRING,
    ContainerPort=_INTEGER,
    HealthCheckConfig=_object(
        HealthyThreshold=_INTEGER,
        IntervalSeconds=_INTEGER,
        Path=_STRING,
        SuccessCodes=_STRING,
        TimeoutSeconds=_INTEGER,
        UnhealthyThreshold=_INTEGER,
    ),
)

SCHEMAS: Mapping[str, Schema] = {
    "AWS::Lightsail::Container": _object(
        ["ServiceName", "Power", "Scale"],
        ServiceName={
            **_STRING,
            "pattern": "^[a-z0-9]{1,2}|[a-z0-9][a-z0-9-]+[a-z0-9]$",
            "minLength": 1,
            "maxLength": 63,
        },
        Power=_STRING,
        Scale={**_INTEGER, "minimum": 1, "maximum": 20},
        PublicDomainNames=_array(_object(CertificateName=_STRING, DomainNames=_array(_STRING))),
        ContainerServiceDeployment=_object(
            Containers=_array(_CONTAINER), PublicEndpoint=_PUBLIC_ENDPOINT
        ),
        IsDisabled=_BOOLEAN,
        PrivateRegistryAccess=_object(EcrImagePullerRole=_object(IsActive=_BOOLEAN)),
        Tags=_TAGS,
    ),
    "AWS::Lightsail::Certificate": _object(
        ["CertificateName", "DomainName"],
        CertificateName=_STRING,
        DomainName=_STRING,
        SubjectAlternativeNames=_array(_STRING),
        Tags=_TAGS,
    ),
    "AWS::Lightsail::Domain": _object(
        ["DomainName"],
        DomainName=_STRING,
        DomainEntries=_array(
            _object(
                ["Name", "Type", "Target"],
                IsAlias=_BOOLEAN,
                Name=_STRING,
                Target=_STRING,
                Type={
                    **_STRING,
                    "enum": ["A", "AAAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"],
                },
            )
        ),
        Tags=_array(_object(["Key"], Key=_STRING, Value=_STRING)),
    ),
}
