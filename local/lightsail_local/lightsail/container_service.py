"""A container service: its settings, images and deployments, and its state over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .deployment import Deployment, DeploymentState, whole_seconds
from .tags import Tags

# Lightsail's nodes run images of no other platform.
PLATFORM = "linux/amd64"

State = Literal["PENDING", "UPDATING", "DELETING", "DISABLED", "DEPLOYING", "RUNNING", "READY"]

# The state detail is there in these states and DEPLOYING only:
# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerService.html
_CHANGES: Mapping[State, str] = {
    "PENDING": "CREATING_SYSTEM_RESOURCES",
    "UPDATING": "PROVISIONING_SERVICE",
}
# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerServiceStateDetail.html
_DETAILS = {
    "CREATING_SYSTEM_RESOURCES": (
        "The system resources for your container service are being created."
    ),
    "PROVISIONING_SERVICE": "Your container service is being provisioned.",
    "CREATING_DEPLOYMENT": "Your deployment is being created on your container service.",
    "EVALUATING_HEALTH_CHECK": "The health of your deployment is being evaluated.",
    "ACTIVATING_DEPLOYMENT": "Your deployment is being activated.",
}


@dataclass(frozen=True, kw_only=True)
class RegisteredImage:
    """An image that is registered with a service.

    Args:
        service: the service's name.
        label: the label.
        number: counts the images of the service's label.
        digest: the manifest's digest.
        created_at: when it was registered, in seconds since the epoch.
    """

    service: str
    label: str
    number: int
    digest: str
    created_at: float

    @property
    def name(self) -> str:
        """The name that deployments use."""
        return f":{self.service}.{self.label}.{self.number}"

    def describe(self) -> dict[str, Any]:
        """Return it in the API's shape."""
        return {
            "image": self.name,
            "digest": self.digest,
            "createdAt": whole_seconds(self.created_at),
        }


@dataclass(frozen=True, kw_only=True)
class ContainerService:
    """A container service as it is from one write to the next.

    Args:
        name: its name.
        id: a GUID, the end of its ARN.
        region: the Region.
        account: the account's 12 digits.
        created_at: when it was made, in seconds since the epoch.
        settings: power, scale, isDisabled, publicDomainNames and privateRegistryAccess, in the
            API's shape.
        tags: its tags, in the API's shape.
        changing: what is being done to it until `settles_at`.
        settles_at: when that is done.
        running_url: the address that its containers answer at, None if they are simulated.
        images: its images, oldest first.
        numbers: the highest number ever given to an image of each label.
        deployments: its deployments, oldest first, as many as are kept.
        versions: how many deployments it ever had.
    """

    name: str
    id: str
    region: str
    account: str
    created_at: float
    settings: Mapping[str, Any]
    tags: Tags
    changing: Literal["PENDING", "UPDATING", "DELETING"]
    settles_at: float
    running_url: str | None = None
    images: tuple[RegisteredImage, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()
    versions: int = 0

    @property
    def arn(self) -> str:
        """Its ARN: the id is not the name, so a statement of IAM cannot name it by its name."""
        return f"arn:aws:lightsail:{self.region}:{self.account}:ContainerService/{self.id}"

    @property
    def location(self) -> dict[str, str]:
        """Where it is, in the API's shape."""
        return {"availabilityZone": "all", "regionName": self.region}

    @property
    def url(self) -> str:
        """The address of its public endpoint."""
        simulated = f"https://{self.name}.{self.id[:13]}.{self.region}.cs.amazonlightsail.com/"
        return self.running_url or simulated

    def is_gone(self, at: float) -> bool:
        """Return whether it is deleted for good."""
        return self.changing == "DELETING" and self.settles_at <= at

    def state(self, at: float) -> State:
        """Return its state.

        A failed deployment leaves it as it was: RUNNING with the one before, or READY.
        """
        if at < self.settles_at:
            return self.changing
        if self.settings["isDisabled"]:
            return "DISABLED"
        if self.next_deployment(at):
            return "DEPLOYING"
        return "RUNNING" if self.current_deployment(at) else "READY"

    def current_deployment(self, at: float) -> Deployment | None:
        """Return the deployment that runs."""
        return next((each for each in reversed(self.deployments) if each.serves(at)), None)

    def next_deployment(self, at: float) -> Deployment | None:
        """Return the deployment that is being made."""
        return next((each for each in self.deployments if not each.is_settled(at)), None)

    def images_in_use(self, at: float) -> frozenset[str]:
        """Return the names of its own images that its deployments run."""
        used = (self.current_deployment(at), self.next_deployment(at))
        return frozenset().union(*(deployment.images for deployment in used if deployment))

    def describe(self, at: float) -> dict[str, Any]:
        """Return it in the API's shape."""
        state = self.state(at)
        principal = f"arn:aws:iam::{self.account}:role/amazon/lightsail/{self.region}/containers"
        described: dict[str, Any] = {
            "containerServiceName": self.name,
            "arn": self.arn,
            "createdAt": whole_seconds(self.created_at),
            "location": self.location,
            "resourceType": "ContainerService",
            "powerId": f"{self.settings['power']}-1",
            "state": state,
            "principalArn": f"{principal}/{self.name}/{self.id[:12]}",
            "privateDomainName": f"{self.name}.service.local",
            "url": self.url,
            "tags": self.tags,
            **self.settings,
            "privateRegistryAccess": self._private_registry_access(principal),
        }
        if current := self.current_deployment(at):
            described["currentDeployment"] = current.describe("ACTIVE")
        if coming := self.next_deployment(at):
            described["nextDeployment"] = coming.describe("ACTIVATING")
        code = coming.stage(at) if coming and state == "DEPLOYING" else _CHANGES.get(state)
        if code:
            described["stateDetail"] = {"code": code, "message": _DETAILS[code]}
        return described

    def describe_deployments(self, at: float) -> list[dict[str, Any]]:
        """Return its deployments in the API's shape, oldest first."""
        return [each.describe(self._state_of(each, at)) for each in self.deployments]

    def _state_of(self, deployment: Deployment, at: float) -> DeploymentState:
        if not deployment.is_settled(at):
            return "ACTIVATING"
        if deployment.course.failure:
            return "FAILED"
        return "ACTIVE" if deployment == self.current_deployment(at) else "INACTIVE"

    def _private_registry_access(self, principal: str) -> dict[str, Any]:
        access = self.settings["privateRegistryAccess"].get("ecrImagePullerRole", {})
        role: dict[str, Any] = {"isActive": access.get("isActive", False)}
        if role["isActive"]:
            role["principalArn"] = f"{principal}/{self.name}/private-repo-access/{self.id[:12]}"
        return {"ecrImagePullerRole": role}
