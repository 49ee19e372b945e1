"""A synthesized template, with the values that CloudFormation would fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk.assertions import Template as Synthesized

from lightsail_local.endpoints import DEFAULT_ACCOUNT, DEFAULT_REGION

from .call import FUNCTION, arn

_PSEUDO = {
    "AWS::AccountId": DEFAULT_ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": DEFAULT_REGION,
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
        match value:
            case {"Ref": name}:
                return _PSEUDO.get(name) or self._attribute(name, "Ref")
            case {"Fn::GetAtt": [name, attribute]}:
                return self._attribute(name, attribute)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self._filled(parts))
            case {"Fn::Sub": text}:
                return _VARIABLE.sub(lambda found: self._filled({"Ref": found[1]}), text)
            case {"Fn::Select": [index, parts]}:
                return self._filled(parts)[int(index)]
            case {"Fn::Split": [separator, text]}:
                return self._filled(text).split(separator)
        return {name: self._filled(one) for name, one in value.items()}

    def _attribute(self, logical_id: str, attribute: str) -> str:
        resource = self._resources[logical_id]
        properties = resource.get("Properties", {})
        match resource["Type"], attribute:
            case "AWS::Lightsail::Container", "Ref":
                return str(properties["ServiceName"])
            case "AWS::Lightsail::Container", "ContainerArn":
                return self._services[properties["ServiceName"]]
            case "AWS::Lambda::Function", "Arn":
                return FUNCTION
            case "AWS::Logs::LogGroup", "Arn":
                return arn("logs", f"log-group:{logical_id}:*")
            case "AWS::SecretsManager::Secret", "Ref":
                return arn("secretsmanager", f"secret:{logical_id}-a1b2c3")
            case "AWS::KMS::Key", "Arn":
                return arn("kms", f"key/{logical_id}")
            case "AWS::ECR::Repository", "Ref":
                return str(properties["RepositoryName"])
            case "AWS::ECR::Repository", "Arn":
                return arn("ecr", f"repository/{properties['RepositoryName']}")
            case "AWS::SSM::Parameter", "Ref":
                return str(properties["Name"])
            case kind, _ if kind.startswith("Custom::"):
                return self.attributes[logical_id][attribute]
        raise NotImplementedError(f"{attribute} of {resource['Type']}")
