"""The life of a deployment: made unless it is there, and waited for until it serves or fails.

Nothing is remembered between requests but the version to wait for: what Lightsail lists is the
only state. The state of the *service* is not, for it is RUNNING again after a failure:
https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerService.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..aws.calls import READING_SECONDS, Calls
from ..aws.secret_values import SecretValues
from ..cloudformation.resource import Answer, Resource
from ..errors import HandlerError, OutOfTime, Refused, Unanswered, Unfinished
from ..lightsail.client import STALE_SECONDS
from ..lightsail.deployment import ACTIVATING
from ..properties.container_service_deployment import (
    NOT_DEPLOYED,
    DeploymentAttribute,
    DeploymentProperties,
    DeploymentProperty,
)
from .failure import DeploymentFailures

if TYPE_CHECKING:
    from ..cloudformation.request import Request
    from ..lightsail.answers import ContainerService
    from ..lightsail.deployment import Deployment

# What an invocation leaves to the next.
_VERSION, _DETAIL, _SETTLED = "Version", "Detail", "Settled"

_ACTIVE, _FAILED = "ACTIVE", "FAILED"
# INACTIVE is one that was active: another deployment has followed it, perhaps another stack's.
_SUCCEEDED = frozenset({_ACTIVE, "INACTIVE"})
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 10.0
# The closer a deployment is to its end, the more often the function looks: of the longest pause a
# user waits half in vain. Each stage may be so short that no look falls into it, see
# https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerServiceStateDetail.html
_LONGEST_PAUSES = {"EVALUATING_HEALTH_CHECK": 6.0, "ACTIVATING_DEPLOYMENT": 2.5}


class DeploymentResource(Resource):
    """A deployment, as one request names it."""

    named_by = DeploymentProperty.SERVICE_NAME
    never_made = NOT_DEPLOYED

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._lightsail = request.lightsail
        self._deadline = request.deadline
        self._log = request.log
        self._stack = request.stack
        self._doubt = request.doubt
        self._failures = DeploymentFailures(request.lightsail, request.log)

    def put(self) -> Answer:
        """Return the deployment that runs what is wanted, once it serves; make it if need be.

        Raises:
            Unfinished: the deadline came first; another invocation goes on with its state.
            HandlerError: it was refused, or it failed.
        """
        state = self.request.chain.state
        given = self.parsed(DeploymentProperties.parse)
        self._secrets = {variable for secrets in given.secrets.values() for variable in secrets}
        wanted = self._with_secrets(given)
        version = state.get(_VERSION)
        if not isinstance(version, int):
            version = self._find_or_deploy(wanted, state.get(_SETTLED))
        self._doubt.is_open = False
        service = wanted.service_name
        self._detail = str(state.get(_DETAIL, ""))
        try:
            return self._served(self._wait_until_it_serves(service, version), service, version)
        except OutOfTime as error:
            # Lightsail has answered before, so it will again.
            raise self._still_under_way(service, version) from error

    def delete(self) -> None:
        """Leave the containers running: Lightsail has no operation to delete a deployment.

        A service without containers is one that is disabled or deleted, which its owner does.
        """
        service = self.request.event.get("PhysicalResourceId")
        self._log("the deployment goes on", service=service)

    def _with_secrets(self, wanted: DeploymentProperties) -> DeploymentProperties:
        calls = Calls(self._deadline, self._log, READING_SECONDS)
        secrets = SecretValues(self.request.environment.make_client, calls)
        return secrets.fill(wanted, self.request.log.mask)

    def _served(self, found: ContainerService, service: str, version: int) -> Answer:
        """Return the answer for a deployment that serves.

        Raises:
            HandlerError: the service is disabled, so that none does.
        """
        if found.is_disabled:
            raise HandlerError(
                f"container service '{service}' is disabled, so that deployment {version} does "
                "not serve",
                "enable the service and deploy again",
            )
        return Answer(
            physical_id=service,
            data={
                DeploymentAttribute.DEPLOYMENT_VERSION: str(version),
                DeploymentAttribute.URL: found.url,
            },
        )

    def _find_or_deploy(self, wanted: DeploymentProperties, settled: object) -> int:
        """Return the version that runs what is wanted, and make it if there is none.

        Args:
            wanted: the containers.
            settled: the newest version that had ended when the request was taken up, if that
                is known.
        """
        deployments = self._lightsail.deployments(wanted.service_name)
        if not isinstance(settled, int):
            settled = max((one.version for one in deployments if not _is_new(one)), default=0)
        try:
            return self._deploy_in_turn(wanted, settled, deployments)
        except HandlerError as error:
            lost = self._find_what_was_lost(wanted, settled)
            if lost:
                return lost.version
            if self._doubt.is_open or isinstance(error, OutOfTime):
                # Lightsail has answered before, so it will again.
                raise _took_nothing(wanted.service_name, settled) from error
            raise

    def _find_what_was_lost(self, wanted: DeploymentProperties, settled: int) -> Deployment | None:
        """Return the deployment whose answer was lost."""
        return self.request.find_what_was_lost(
            "deployed",
            lambda: self._made(self._lightsail.deployments(wanted.service_name), wanted, settled),
        )

    def _deploy_in_turn(
        self,
        wanted: DeploymentProperties,
        settled: int,
        deployments: list[Deployment],
    ) -> int:
        """Find the version or make it, however many other deployments come before."""
        service = wanted.service_name
        refusals = 0
        pauses = self._deadline.pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        for turn in pauses:
            if turn:
                deployments = self._lightsail.deployments(service)
            found = self._found(deployments, wanted, settled)
            if found:
                return found.version
            under_way = _first(deployments, ACTIVATING)
            if under_way:
                refusals = 0  # it is what Lightsail refused another one for
                self._log("waiting for another deployment", version=under_way.version)
            elif self._is_its_turn(service, deployments):
                try:
                    version = self._lightsail.deploy(wanted)
                except Unanswered as lost:
                    self._log("looking for it", why=lost)
                    found = self._find_what_was_lost(wanted, settled)
                    if found:
                        return found.version
                    if self._doubt.is_open:
                        raise
                except Refused as refusal:
                    # Another deployment may have begun by now, or the service is being changed.
                    is_busy = self._lightsail.service(service).is_busy
                    refusals = 0 if is_busy else refusals + 1
                    if refusals > 1:
                        raise
                    self._log("refused", busy=is_busy, why=refusal)
                else:
                    self._log("deploying", version=version)
                    return version
            pauses.shortest = STALE_SECONDS if refusals else 0.0
        raise _took_nothing(service, settled)

    def _is_its_turn(self, service: str, deployments: list[Deployment]) -> bool:
        """Return whether to deploy now: the stack waits for it, and nothing has changed.

        Its turn may have come long after the stack has gone back, and to ask for that takes time,
        in which another delivery of the request may have deployed. If it takes long, what it says
        is old: once more then, and no more, or a service that is slow would get no deployment.
        """
        for _ in range(2):
            left = self._deadline.left()
            self._stack.check("it was deployed")
            if self._lightsail.deployments(service) != deployments:
                return False
            if left - self._deadline.left() < STALE_SECONDS:
                break
        return True

    def _found(
        self, deployments: list[Deployment], wanted: DeploymentProperties, settled: int
    ) -> Deployment | None:
        """Return the deployment that runs what is wanted already, or will."""
        made = self._made(deployments, wanted, settled)
        if made:
            return made
        active = _first(deployments, _ACTIVE)
        if active is None or not active.runs(wanted) or _first(deployments, ACTIVATING):
            return None
        # A read may lag behind, and a rollback comes right after the deployment that it takes
        # back. Only what goes on showing is believed.
        if not self._deadline.pause(STALE_SECONDS):
            raise _took_nothing(wanted.service_name, settled)
        again = self._lightsail.deployments(wanted.service_name)
        if _first(again, ACTIVATING) or _first(again, _ACTIVE) != active:
            return None
        self._log("deployed already", version=active.version)
        return active

    def _made(
        self, deployments: list[Deployment], wanted: DeploymentProperties, settled: int
    ) -> Deployment | None:
        """Return the deployment that was made for this request.

        By a call whose answer was lost, or by another delivery of the request. One that has ended
        and that a later one follows, which serves, is of before, and so is one that is older than
        the stack's operation: the list may have been incomplete when it was settled.
        """
        active = _first(deployments, _ACTIVE)
        for deployment in deployments:
            is_past = (
                active is not None
                and deployment.version < active.version
                and not _is_new(deployment)
            )
            if (
                deployment.version > settled
                and not is_past
                and not self._stack.began_after(deployment.created_at)
                and deployment.runs(wanted)
            ):
                self._log("found", version=deployment.version, state=deployment.state)
                return deployment
        return None

    def _wait_until_it_serves(self, service: str, version: int) -> ContainerService:
        """Wait for a version to serve, and return the service that it serves in.

        The service's own state does not count. As long as the version is what it is making, that
        says enough; from then on the list of its deployments does.

        Raises:
            Unfinished: the deadline came first.
            HandlerError: it failed.
        """
        pauses = self._deadline.pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        for _ in pauses:
            now = self._lightsail.service(service)
            if now.under_way == version:
                self._follow(now, version)
                pauses.longest = _LONGEST_PAUSES.get(now.stage, _LONGEST_PAUSE_SECONDS)
            elif self._serves(service, version):
                return now
        raise self._still_under_way(service, version)

    def _follow(self, now: ContainerService, version: int) -> None:
        detail = self._log.mask(now.detail)  # the next invocation gets it, too
        if detail and detail != self._detail:
            self._detail = detail
            self._log("under way", version=version, state=now.state, detail=detail)

    def _serves(self, service: str, version: int) -> bool:
        """Return whether a version serves, or did before another one.

        Raises:
            HandlerError: it failed.
        """
        deployments = self._lightsail.deployments(service)
        # The first reads may be older than the deployment.
        found = next((one for one in deployments if one.version == version), None)
        if found and found.state == _FAILED:
            self._hide_old_secrets(deployments)
            raise self._failures.explain(found, service, self._detail)
        if not found or found.state not in _SUCCEEDED:
            return False
        self._log("deployed", version=version, state=found.state)
        return True

    def _hide_old_secrets(self, deployments: list[Deployment]) -> None:
        """Hide what the secrets were before: what serves with that logs, too."""
        for deployment in deployments:
            for container in deployment.containers.values():
                for name in self._secrets & container.environment.keys():
                    self._log.mask.hide(container.environment[name])

    def _still_under_way(self, service: str, version: int) -> Unfinished:
        return Unfinished(
            f"deployment {version} of container service '{service}' was still under way when "
            "CloudFormation's time was over",
            "deploy again when it has ended",
            {_VERSION: version, _DETAIL: self._detail},
        )


def _is_new(deployment: Deployment) -> bool:
    return deployment.state == ACTIVATING


def _first(deployments: list[Deployment], state: str) -> Deployment | None:
    return next((one for one in deployments if one.state == state), None)


def _took_nothing(service: str, settled: int) -> Unfinished:
    return Unfinished(
        f"container service '{service}' took no deployment in all the time",
        "deploy again when it is READY or RUNNING",
        {_SETTLED: settled},
    )
