"""A synthesized template, with the values that CloudFormation would fill in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk.assertions import Template as Synthesized

from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION
from stack_requests import STACK_ID

from .call import FUNCTION, arn

_PSEUDO = {
    "AWS::AccountId": DEFAULT_ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": DEFAULT_REGION,
    "AWS::StackId": STACK_ID,
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class Template:
    """A stack's template.

    Args:
        stack: the stack.
        services: the ARNs of the account's container services, by name.

    Attributes:
        attributes: those that the custom resources have answered, by logical id.
    """

    def __init__(self, stack: Stack, services: Mapping[str, str]) -> None:
        self._resources: Mapping[str, Any] = Synthesized.from_stack(stack).to_json()["Resources"]
        self._services = services
        self.attributes: dict[str, Mapping[str, str]] = {}

    def statements(self) -> list[Mapping[str, Any]]:
        """Return what the role of the stack's function is allowed and denied."""
        (function,) = self._of_type("AWS::Lambda::Function").values()
        role = function["Properties"]["Role"]["Fn::GetAtt"][0]
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
        """Return a value with its functions carried out."""
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if not isinstance(value, dict):
            return value
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
        """Return what a resource of the stack is called by, or what it tells of itself."""
        resource = self._resources[logical_id]
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind.startswith("Custom::"):
            return self.attributes[logical_id][attribute]
        if kind == "AWS::Lightsail::Container":
            name = str(properties["ServiceName"])
            return {"Ref": name, "ContainerArn": self._services[name]}[attribute]
        return {
            ("AWS::ECR::Repository", "Ref"): str(properties.get("RepositoryName")),
            ("AWS::ECR::Repository", "Arn"): arn(
                "ecr", f"repository/{properties.get('RepositoryName')}"
            ),
            ("AWS::KMS::Key", "Arn"): arn("kms", f"key/{logical_id}"),
            ("AWS::Lambda::Function", "Arn"): FUNCTION,
            ("AWS::Logs::LogGroup", "Arn"): arn("logs", f"log-group:{logical_id}:*"),
            ("AWS::SSM::Parameter", "Ref"): str(properties.get("Name")),
            ("AWS::SecretsManager::Secret", "Ref"): arn(
                "secretsmanager", f"secret:{logical_id}-a1b2c3"
            ),
        }[kind, attribute]
