"""A synthesized template, with the values that CloudFormation would fill in."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION

from .aws import ENTRY_POINTS, arn
from .cloudformation import Resources, stack_arn
from .custom_resource import BROKEN, CERTIFICATE

_PSEUDO = {
    "AWS::AccountId": DEFAULT_ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": DEFAULT_REGION,
    "AWS::StackId": stack_arn("Shop"),
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_NO_ARNS: Mapping[str, str] = {}

Attributes = Mapping[str, Mapping[str, str]]


class Template:
    """A stack's template.

    Args:
        body: the template as it is synthesized.
        services: the ARNs of the account's container services, by name.

    Attributes:
        attributes: those that the custom resources have answered, by logical id.
    """

    def __init__(self, body: Mapping[str, Any], services: Mapping[str, str] = _NO_ARNS) -> None:
        self._resources: Mapping[str, Any] = body["Resources"]
        self._services = services
        self._parameters: Mapping[str, str] = {}
        self.attributes: Attributes = {}

    def with_parameters(self, **parameters: str) -> Resources:
        """Return what a stack consists of, in an order in which it can be made."""
        filled = Template({"Resources": self._resources}, self._services)
        filled._parameters = parameters

        def properties(given: Any, attributes: Attributes) -> dict[str, Any]:
            filled.attributes = attributes
            found: dict[str, Any] = filled._filled(given)
            return found

        return {
            name: (one["Type"], functools.partial(properties, one.get("Properties", {})))
            for name, one in self._resources.items()
            if one["Type"].startswith("Custom::") or one["Type"] in (BROKEN, CERTIFICATE)
        }

    def only(self, kind: str) -> Mapping[str, Any]:
        """Return the properties of the one resource of a type, as they are synthesized."""
        (found,) = self._of_type(kind).values()
        properties: Mapping[str, Any] = found["Properties"]
        return properties

    @property
    def function_arn(self) -> str:
        """The ARN of the stack's function."""
        ((name, _),) = self._of_type("AWS::Lambda::Function").items()
        return self._attribute(name, "Arn")

    def statements(self) -> list[Mapping[str, Any]]:
        """Return what the role of the stack's function is allowed and denied."""
        role = self.only("AWS::Lambda::Function")["Role"]["Fn::GetAtt"][0]
        if {"Policies", "ManagedPolicyArns"} & set(self._resources[role]["Properties"]):
            raise NotImplementedError("policies in the role itself are not read")
        return [
            self._filled(statement)
            for policy in self._of_type("AWS::IAM::Policy").values()
            if {"Ref": role} in policy["Properties"]["Roles"]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]

    def resources(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the resources of a type: their properties, with what they are called.

        That is the logical id of a custom resource, which CloudFormation tells the function, and
        what `Ref` gives of any other.
        """
        is_custom = kind.startswith("Custom::")
        return [
            (
                logical_id if is_custom else self._attribute(logical_id, "Ref"),
                self._filled(resource["Properties"]),
            )
            for logical_id, resource in self._of_type(kind).items()
        ]

    def _of_type(self, kind: str) -> dict[str, Any]:
        return {name: one for name, one in self._resources.items() if one["Type"] == kind}

    def _filled(self, value: Any) -> Any:
        """Return a value with its functions carried out, and every scalar a string."""
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if not isinstance(value, dict):
            return value if isinstance(value, str) else json.dumps(value)
        if len(value) == 1 and (name := next(iter(value))) in self._functions:
            return self._functions[name](value[name])
        return {name: self._filled(one) for name, one in value.items()}

    @property
    def _functions(self) -> Mapping[str, Callable[[Any], Any]]:
        """What CloudFormation's functions return."""
        return {
            "Ref": lambda name: _PSEUDO.get(name) or self._attribute(name, "Ref"),
            "Fn::GetAtt": lambda given: self._attribute(*given),
            "Fn::Join": lambda given: given[0].join(self._filled(given[1])),
            "Fn::Sub": lambda text: _VARIABLE.sub(
                lambda found: self._functions["Ref"](found[1]), text
            ),
            "Fn::Select": lambda given: self._filled(given[1])[int(given[0])],
            "Fn::Split": lambda given: self._filled(given[1]).split(given[0]),
        }

    def _attribute(self, logical_id: str, attribute: str) -> str:
        """Return what a resource of the stack is called by, or one of its attributes."""
        if logical_id in self._parameters:
            return self._parameters[logical_id]
        resource = self._resources[logical_id]
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind.startswith("Custom::"):
            return self.attributes[logical_id][attribute]
        if kind == "AWS::Lightsail::Container":
            name = str(properties["ServiceName"])
            return {"Ref": name, "ContainerArn": self._services.get(name, "")}[attribute]
        if kind == "AWS::Lambda::Function":
            module = str(properties["Handler"]).split(".")[-2]
            return next(one for one, entry in ENTRY_POINTS.items() if entry == module)
        return {
            ("AWS::ECR::Repository", "Ref"): str(properties.get("RepositoryName")),
            ("AWS::ECR::Repository", "Arn"): arn(
                "ecr", f"repository/{properties.get('RepositoryName')}"
            ),
            ("AWS::KMS::Key", "Arn"): arn("kms", f"key/{logical_id}"),
            (CERTIFICATE, "Ref"): str(properties.get("CertificateName")),
            ("AWS::Logs::LogGroup", "Arn"): arn("logs", f"log-group:{logical_id}:*"),
            ("AWS::SSM::Parameter", "Ref"): str(properties.get("Name")),
            ("AWS::SecretsManager::Secret", "Ref"): arn(
                "secretsmanager", f"secret:{logical_id}-a1b2c3"
            ),
        }[kind, attribute]


@dataclass(frozen=True)
class Templates:
    """What the constructs make of every kind of stack: the templates by kind."""

    bodies: Mapping[str, Mapping[str, Any]]

    def __getitem__(self, kind: str) -> Template:
        """Return a kind's template."""
        return Template(self.bodies[kind])

    @property
    def invocation_seconds(self) -> float:
        """How long an invocation of the function may take."""
        return float(self._any.only("AWS::Lambda::Function")["Timeout"])

    @property
    def most_age(self) -> float:
        """How old a request may be when AWS Lambda invokes the function with it."""
        return float(self._any.only("AWS::Lambda::EventInvokeConfig")["MaximumEventAgeInSeconds"])

    @property
    def _any(self) -> Template:
        return self[next(iter(self.bodies))]
