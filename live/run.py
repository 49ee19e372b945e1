"""A run, from the first call to the last."""

from __future__ import annotations

import tempfile
import traceback
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from demo.screen import Screen

from . import credentials
from .account import Account, Refusal
from .cdk import Cdk
from .clean_up import CleanUp
from .document import Findings, Step
from .lightsail import CallFailed, Lightsail
from .names import Names
from .probed_service import ProbedService
from .probing import Probing
from .product import STEPS, Product
from .registry import PushRegistry
from .stack import RunStack
from .waiting import TookTooLong, Waiting

_FAILURES = (CallFailed, TookTooLong, ClientError, BotoCoreError, OSError)


class Run:
    """A run in an account, whose bootstrap of the CDK has a version."""

    def __init__(self, account: Account, names: Names, screen: Screen, bootstrap: int) -> None:
        self._account = account
        self._names = names
        self._screen = screen
        self.mask = account.mask()
        self._bootstrap = bootstrap
        self._lightsail = Lightsail(account.client("lightsail"), Waiting())
        cloudformation = account.client("cloudformation")
        self._stack = RunStack(names.run, cloudformation, self._lightsail.waiting)
        registry = PushRegistry(self._lightsail, self.mask)
        self._service = ProbedService(names.run, self._lightsail, registry)
        self._probing = Probing(
            self._service,
            self.mask,
            lambda unknown, answer: screen.line(f"{unknown}: {answer}"),
        )
        self._clean_up = CleanUp(
            stack=self._stack,
            services=names.services,
            lightsail=self._lightsail,
            logs=account.client("logs"),
            region=account.region,
            doing=screen.doing,
        )
        # All may be left until a look says otherwise.
        self.findings = Findings(region=account.region, left=self._clean_up.everything())

    def work(self) -> None:
        """Do everything but the clean-up; what fails is noted.

        Raises:
            Refusal: the product cannot be tried here; nothing was made.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="lightsail-live-") as folder:
                self._work(Path(folder))
        except Refusal:
            raise
        except _FAILURES as error:
            self.findings.failure = self.mask(str(error))
        # After any error, everything has to be removed.
        except Exception as error:  # noqa: BLE001
            self.findings.failure = self.mask(f"unexpected {error!r}")
            traceback.print_exc()
        finally:
            self.findings.answers = self._probing.answers
            self.findings.facts = self._probing.facts
            self.findings.times = self._service.times

    def remove(self) -> None:
        """Remove everything, and find out what is left."""
        with self._screen.step("Remove everything, and look whether something is left"):
            self.findings.left = self._clean_up.run()

    @property
    def is_right(self) -> bool:
        """Whether all came out as it should; a question that stays open is no fault."""
        steps = self.findings.steps
        is_whole = len(steps) == len(STEPS) and all(step.is_right for step in steps)
        return is_whole and not self.findings.failure and not self.findings.left

    def _work(self, folder: Path) -> None:
        probing, step = self._probing, self._screen.step
        product = self._product(folder)
        with step("Synthesize the stack"):
            self._synthesize(product)
        with step(f"Make the container service {self._names.run}, nano"):
            probing.begin()
        with step("Ask about images and the registry"):
            probing.ask_without_deployments()
        with step("Deploy, and ask about deployments"):
            probing.ask_with_deployments()
        self._run_product(product)
        with step("Ask what is best asked last"):
            probing.ask_at_the_end()

    def _product(self, folder: Path) -> Product:
        context = {
            "name": self._names.run,
            "service": self._names.web,
            "account": self._account.id,
            "region": self._account.region,
        }
        environment = partial(credentials.environment, self._account.session)
        return Product(
            service=self._names.web,
            asked=self._service,
            stack=self._stack,
            cdk=Cdk(folder, context, environment, self._screen.doing),
            tell=self._tell_step,
        )

    def _synthesize(self, product: Product) -> None:
        """Find out that the CDK can deploy here, before anything is made that costs."""
        run = product.synthesize()
        if run.returncode:
            raise Refusal(f"the CDK cannot synthesize the stack:\n{run.output}")
        if self._bootstrap < product.cdk.needed_bootstrap:
            raise Refusal(
                f"the CDK's bootstrap is of version {self._bootstrap}, and the CDK needs "
                f"{product.cdk.needed_bootstrap}: run `npx cdk bootstrap`"
            )

    def _run_product(self, product: Product) -> None:
        self.findings.steps = product.steps
        self.findings.cdk = product.cdk.version
        try:
            for title, act in STEPS.items():
                with self._screen.step(f"cdk: {title}"):
                    step = product.take(title)
                self._probing.look_for_pushes()
                if act is Product.fail:
                    self._probing.look_at_deployments(product.service)
                if not step.is_right and act is Product.create:
                    break  # there is nothing to update, and the clean-up removes the rest
        finally:
            self.findings.assets = product.cdk.assets

    def _tell_step(self, step: Step) -> None:
        for result in step.results:
            self._screen.line(self.mask(result))
