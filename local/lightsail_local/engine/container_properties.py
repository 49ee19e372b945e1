"""The properties of `AWS::Lightsail::Container`, as Lightsail's API takes them.

`property_check` has given them the types of their schema.
"""

from collections.abc import Mapping
from typing import Any

Properties = Mapping[str, Any]

_CHECK_NUMBERS = ("healthyThreshold", "unhealthyThreshold", "timeoutSeconds", "intervalSeconds")
# Java keeps one object for each number up to it.
_LARGEST_SHARED_INTEGER = 127


def deployment(properties: Properties) -> dict[str, Any] | None:
    """Return what CreateContainerServiceDeployment takes, None for no deployment."""
    given = properties.get("ContainerServiceDeployment")
    if not given:
        return None
    request: dict[str, Any] = {
        "containers": {
            container.get("ContainerName"): _container(container)
            for container in given.get("Containers", [])
        }
    }
    if endpoint := given.get("PublicEndpoint"):
        request["publicEndpoint"] = _public_endpoint(endpoint)
    return request


def is_deployed(request: Properties, current: Properties | None) -> bool:
    """Return whether AWS's handler takes a deployment for the current one.

    Args:
        request: what CreateContainerServiceDeployment takes.
        current: Lightsail's current deployment, None without one.
    """
    if current is None or _comparable(request) != _comparable(current):
        return False
    wanted, found = request.get("publicEndpoint"), current.get("publicEndpoint")
    if wanted is None or found is None:
        return wanted is found
    return (
        wanted["containerName"] == found["containerName"]
        and _is_same_number(wanted["containerPort"], found["containerPort"])
        and _is_same_check(wanted.get("healthCheck"), found["healthCheck"])
    )


def public_domain_names(
    properties: Properties, old: Properties | None = None
) -> dict[str, list[str]]:
    """Return the domain names by certificate.

    AWS's handler names the certificates of before, to take them off, only if the property is gone.
    Of other certificates in their place it names the new ones alone: the old ones stay attached.
    """
    given = properties.get("PublicDomainNames")
    if given is None:
        return {name: [] for name in public_domain_names(old)} if old else {}
    return {
        entry.get("CertificateName"): list(entry.get("DomainNames", []))
        for entry in given
        if entry.get("CertificateName") != ""  # one without the property fails
    }


def registry_access(properties: Properties) -> Any:
    """Return the access to private repositories, which is none if the template has none."""
    role = properties.get("PrivateRegistryAccess", {}).get("EcrImagePullerRole", {})
    return {"ecrImagePullerRole": {"isActive": role.get("IsActive", False)}}


def disabled(properties: Properties) -> Any:
    """Return the argument that disables a service; without one it stays as it is, as on AWS."""
    if "IsDisabled" not in properties:
        return {}
    return {"isDisabled": properties["IsDisabled"]}


def tags(properties: Properties) -> Any:
    """Return the tags."""
    return [
        {"key": tag["Key"], "value": tag.get("Value", "")} for tag in properties.get("Tags", [])
    ]


def _container(container: Properties) -> dict[str, Any]:
    return {
        "image": container.get("Image", ""),
        "command": list(container.get("Command", [])),
        "environment": {
            entry.get("Variable"): entry.get("Value") for entry in container.get("Environment", [])
        },
        "ports": {entry.get("Port"): entry.get("Protocol") for entry in container.get("Ports", [])},
    }


def _comparable(deployment: Properties) -> Any:
    """Return the containers of a deployment as AWS's handler compares them."""
    return {
        name: (
            container["image"],
            # The handler has a set, and finds no difference in the order.
            frozenset(container.get("command", ())),
            container.get("environment", {}),
            container.get("ports", {}),
        )
        for name, container in deployment["containers"].items()
    }


def _is_same_check(wanted: Properties | None, found: Properties) -> bool:
    # Lightsail fills in what is left out, and the handler takes that for another number.
    return (
        wanted is not None
        and all(wanted.get(name, found[name]) == found[name] for name in ("path", "successCodes"))
        and all(_is_same_number(wanted.get(name), found[name]) for name in _CHECK_NUMBERS)
    )


def _is_same_number(wanted: int | None, found: int) -> bool:
    # The handler asks Java for the same object, which equal numbers are only up to here.
    return wanted == found <= _LARGEST_SHARED_INTEGER


def _public_endpoint(endpoint: Properties) -> dict[str, Any]:
    request: dict[str, Any] = {
        "containerName": endpoint.get("ContainerName"),
        "containerPort": endpoint.get("ContainerPort"),
    }
    if check := endpoint.get("HealthCheckConfig"):
        request["healthCheck"] = {
            name[0].lower() + name[1:]: value for name, value in check.items()
        }
    return request
