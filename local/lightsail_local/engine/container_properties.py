"""The properties of `AWS::Lightsail::Container`, as Lightsail's API takes them."""

from collections.abc import Mapping
from typing import Any

Properties = Mapping[str, Any]


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


def public_domain_names(
    properties: Properties, old: Properties | None = None
) -> dict[str, list[str]]:
    """Return the domain names by certificate, also of those whose names are to go."""
    # A certificate that is left out keeps its names; one whose names are to go has none.
    names: dict[str, list[str]] = {name: [] for name in public_domain_names(old)} if old else {}
    for entry in properties.get("PublicDomainNames", []):
        names[entry.get("CertificateName")] = list(entry.get("DomainNames", []))
    return names


def registry_access(properties: Properties) -> Any:
    """Return the argument for the access to private repositories, if it is set."""
    role = properties.get("PrivateRegistryAccess", {}).get("EcrImagePullerRole", {})
    if "IsActive" not in role:
        return {}
    active = is_true(role["IsActive"])
    return {"privateRegistryAccess": {"ecrImagePullerRole": {"isActive": active}}}


def disabled(properties: Properties) -> Any:
    """Return the argument that disables a service; without one it stays as it is, as on AWS."""
    if "IsDisabled" not in properties:
        return {}
    return {"isDisabled": is_true(properties["IsDisabled"])}


def tags(properties: Properties) -> Any:
    """Return the tags."""
    return [
        {"key": tag["Key"], "value": str(tag.get("Value", ""))}
        for tag in properties.get("Tags", [])
    ]


def is_true(value: object) -> bool:
    """Read a boolean of a template, where it may be a string."""
    return str(value).lower() == "true"


def _container(container: Properties) -> dict[str, Any]:
    return {
        "image": container.get("Image", ""),
        "command": list(container.get("Command", [])),
        "environment": {
            entry.get("Variable"): entry.get("Value") for entry in container.get("Environment", [])
        },
        "ports": {entry.get("Port"): entry.get("Protocol") for entry in container.get("Ports", [])},
    }


def _public_endpoint(endpoint: Properties) -> dict[str, Any]:
    request: dict[str, Any] = {
        "containerName": endpoint.get("ContainerName"),
        "containerPort": endpoint.get("ContainerPort"),
    }
    if check := endpoint.get("HealthCheckConfig"):
        request["healthCheck"] = {
            name[0].lower() + name[1:]: value if name in ("Path", "SuccessCodes") else int(value)
            for name, value in check.items()
        }
    return request
