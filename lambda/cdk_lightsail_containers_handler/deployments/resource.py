"""A deployment of a stack: rolled out with its secrets, and never deleted."""

from __future__ import annotations

from dataclasses import replace

from ..aws.calls import READING_SECONDS, Calls
from ..aws.secret_values import SecretValues
from ..cloudformation.resource import Answer, Resource
from ..errors import HandlerError
from ..properties.container_service_deployment import (
    NOT_DEPLOYED,
    DeploymentAttribute,
    DeploymentProperties,
    DeploymentProperty,
)
from .rollout import Rollout


class DeploymentResource(Resource):
    """A deployment, as one request names it."""

    named_by = DeploymentProperty.SERVICE_NAME
    never_made = NOT_DEPLOYED

    def put(self) -> Answer:
        """Return the deployment that runs what is wanted, once it serves; make it if need be.

        Raises:
            Unfinished: the deadline came first; another invocation goes on with its state.
            HandlerError: it was refused, or it failed, or the service is disabled.
        """
        wanted = self._with_secrets(self.parsed(DeploymentProperties.parse))
        version, service = Rollout(self.request, wanted).carry_out()
        if service.is_disabled:
            raise HandlerError(
                f"container service '{wanted.service_name}' is disabled, so that deployment "
                f"{version} does not serve",
                "enable the service and deploy again",
            )
        return Answer(
            physical_id=wanted.service_name,
            data={
                DeploymentAttribute.DEPLOYMENT_VERSION: str(version),
                DeploymentAttribute.URL: service.url,
            },
        )

    def delete(self) -> None:
        """Leave the containers running: Lightsail has no operation to delete a deployment.

        A service without containers is one that is disabled or deleted, which its owner does.
        """
        service = self.request.event.get("PhysicalResourceId")
        self.request.log("the deployment goes on", service=service)

    def _with_secrets(self, wanted: DeploymentProperties) -> DeploymentProperties:
        """Return a deployment with the values of its secrets in the containers' environments."""
        request = self.request
        calls = Calls(request.deadline, request.log, READING_SECONDS)
        values = SecretValues(request.environment.make_client, calls)
        containers = dict(wanted.containers)
        for name, secrets in wanted.secrets.items():
            environment = dict(containers[name].environment)
            for variable, secret in secrets.items():
                environment[variable] = values.value(secret)
                request.log.mask.hide(environment[variable])
            containers[name] = replace(containers[name], environment=environment)
        return replace(wanted, containers=containers)
