"""The life of a deployment: made unless it is there, and waited for until it serves or fails.

Nothing is remembered between requests but the version to wait for: what Lightsail lists is the
only state. The state of the *service* is not, for it is RUNNING again after a failure:
https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerService.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import HandlerError, OutOfTime, Refused, Unanswered, Unfinished
from ..lightsail.client import STALE_SECONDS
from ..lightsail.deployment import ACTIVATING
from .failure import DeploymentFailures

if TYPE_CHECKING:
    from ..cloudformation.request import Request
    from ..lightsail.answers import ContainerService
    from ..lightsail.deployment import Deployment
    from ..properties.container_service_deployment import DeploymentProperties

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


class Rollout:
    """A deployment on its way.

    Args:
        request: what asks for it.
        wanted: what it runs, with the values of its secrets.
    """

    def __init__(self, request: Request, wanted: DeploymentProperties) -> None:
        self._request = request
        self._wanted = wanted
        self._service = wanted.service_name
        self._lightsail = request.lightsail
        self._deadline = request.deadline
        self._log = request.log
        self._stack = request.stack
        self._doubt = request.doubt
        self._state = request.chain.state
        self._detail = str(self._state.get(_DETAIL, ""))
        # The newest version that had ended when the request was taken up.
        self._settled = 0

    def carry_out(self) -> tuple[int, ContainerService]:
        """Find the version that runs what is wanted, or make it; return it once its service serves.

        Raises:
            Unfinished: the deadline came first; another invocation goes on with its state.
            HandlerError: it was refused, or it failed.
        """
        version = self._state.get(_VERSION)
        if not isinstance(version, int):
            version = self._find_or_deploy()
        self._doubt.is_open = False
        try:
            return version, self._wait_until_it_serves(version)
        except OutOfTime as error:
            # Lightsail has answered before, so it will again.
            raise self._still_under_way(version) from error

    def _find_or_deploy(self) -> int:
        """Return the version that runs what is wanted, and make it if there is none."""
        deployments = self._lightsail.deployments(self._service)
        settled = self._state.get(_SETTLED)
        if not isinstance(settled, int):
            settled = max((one.version for one in deployments if not _is_new(one)), default=0)
        self._settled = settled
        try:
            return self._deploy_in_turn(deployments)
        except HandlerError as error:
            lost = self._find_what_was_lost()
            if lost:
                return lost.version
            if self._doubt.is_open or isinstance(error, OutOfTime):
                # Lightsail has answered before, so it will again.
                raise self._took_nothing() from error
            raise

    def _find_what_was_lost(self) -> Deployment | None:
        """Return the deployment whose answer was lost."""
        return self._request.find_what_was_lost(
            "deployed", lambda: self._made(self._lightsail.deployments(self._service))
        )

    def _deploy_in_turn(self, deployments: list[Deployment]) -> int:
        """Find the version or make it, however many other deployments come before."""
        refusals = 0
        pauses = self._deadline.pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        for turn in pauses:
            if turn:
                deployments = self._lightsail.deployments(self._service)
            found = self._found(deployments)
            if found:
                return found.version
            under_way = _first(deployments, ACTIVATING)
            if under_way:
                refusals = 0  # it is what Lightsail refused another one for
                self._log("waiting for another deployment", version=under_way.version)
            elif self._is_its_turn(deployments):
                try:
                    version = self._lightsail.deploy(self._wanted)
                except Unanswered as lost:
                    self._log("looking for it", why=lost)
                    found = self._find_what_was_lost()
                    if found:
                        return found.version
                    if self._doubt.is_open:
                        raise
                except Refused as refusal:
                    # Another deployment may have begun by now, or the service is being changed.
                    is_busy = self._lightsail.service(self._service).is_busy
                    refusals = 0 if is_busy else refusals + 1
                    if refusals > 1:
                        raise
                    self._log("refused", busy=is_busy, why=refusal)
                else:
                    self._log("deploying", version=version)
                    return version
            pauses.shortest = STALE_SECONDS if refusals else 0.0
        raise self._took_nothing()

    def _is_its_turn(self, deployments: list[Deployment]) -> bool:
        """Return whether to deploy now: the stack waits for it, and nothing has changed.

        Its turn may have come long after the stack has gone back, and to ask for that takes time,
        in which another delivery of the request may have deployed. If it takes long, what it says
        is old: once more then, and no more, or a service that is slow would get no deployment.
        """
        for _ in range(2):
            left = self._deadline.left()
            self._stack.check("it was deployed")
            if self._lightsail.deployments(self._service) != deployments:
                return False
            if left - self._deadline.left() < STALE_SECONDS:
                break
        return True

    def _found(self, deployments: list[Deployment]) -> Deployment | None:
        """Return the deployment that runs what is wanted already, or will."""
        made = self._made(deployments)
        if made:
            return made
        active = _first(deployments, _ACTIVE)
        if active is None or not active.runs(self._wanted) or _first(deployments, ACTIVATING):
            return None
        # A read may lag behind, and a rollback comes right after the deployment that it takes
        # back. Only what goes on showing is believed.
        if not self._deadline.pause(STALE_SECONDS):
            raise self._took_nothing()
        again = self._lightsail.deployments(self._service)
        if _first(again, ACTIVATING) or _first(again, _ACTIVE) != active:
            return None
        self._log("deployed already", version=active.version)
        return active

    def _made(self, deployments: list[Deployment]) -> Deployment | None:
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
                deployment.version > self._settled
                and not is_past
                and not self._stack.began_after(deployment.created_at)
                and deployment.runs(self._wanted)
            ):
                self._log("found", version=deployment.version, state=deployment.state)
                return deployment
        return None

    def _wait_until_it_serves(self, version: int) -> ContainerService:
        """Wait for a version to serve, and return the service that it serves in.

        The service's own state does not count. As long as the version is what it is making, that
        says enough; from then on the list of its deployments does.

        Raises:
            Unfinished: the deadline came first.
            HandlerError: it failed.
        """
        pauses = self._deadline.pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        for _ in pauses:
            now = self._lightsail.service(self._service)
            if now.under_way == version:
                self._follow(now, version)
                pauses.longest = _LONGEST_PAUSES.get(now.stage, _LONGEST_PAUSE_SECONDS)
            elif self._serves(version):
                return now
        raise self._still_under_way(version)

    def _follow(self, now: ContainerService, version: int) -> None:
        detail = self._log.mask(now.detail)  # the next invocation gets it, too
        if detail and detail != self._detail:
            self._detail = detail
            self._log("under way", version=version, state=now.state, detail=detail)

    def _serves(self, version: int) -> bool:
        """Return whether a version serves, or did before another one.

        Raises:
            HandlerError: it failed.
        """
        deployments = self._lightsail.deployments(self._service)
        # The first reads may be older than the deployment.
        found = next((one for one in deployments if one.version == version), None)
        if found and found.state == _FAILED:
            self._hide_old_secrets(deployments)
            raise DeploymentFailures(self._lightsail, self._log).explain(
                found, self._service, self._detail
            )
        if not found or found.state not in _SUCCEEDED:
            return False
        self._log("deployed", version=version, state=found.state)
        return True

    def _hide_old_secrets(self, deployments: list[Deployment]) -> None:
        """Hide what the secrets were before: what serves with that logs, too."""
        secrets = {name for names in self._wanted.secrets.values() for name in names}
        for deployment in deployments:
            for container in deployment.containers.values():
                for name in secrets & container.environment.keys():
                    self._log.mask.hide(container.environment[name])

    def _still_under_way(self, version: int) -> Unfinished:
        return Unfinished(
            f"deployment {version} of container service '{self._service}' was still under way when "
            "CloudFormation's time was over",
            "deploy again when it has ended",
            {_VERSION: version, _DETAIL: self._detail},
        )

    def _took_nothing(self) -> Unfinished:
        return Unfinished(
            f"container service '{self._service}' took no deployment in all the time",
            "deploy again when it is READY or RUNNING",
            {_SETTLED: self._settled},
        )


def _is_new(deployment: Deployment) -> bool:
    return deployment.state == ACTIVATING


def _first(deployments: list[Deployment], state: str) -> Deployment | None:
    return next((one for one in deployments if one.state == state), None)
