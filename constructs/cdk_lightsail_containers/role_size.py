"""How much is written in the policies of a role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import Stack

from .tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import aws_iam as iam

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MOST_CHARACTERS = 10_240
_SHORTEST_REGION = "us-east-1"
_ACCOUNT = "111122223333"


def check_role_size(policies: Iterable[iam.Policy]) -> None:
    """Raise the `ValueError` that says that a role cannot have as much in its policies."""
    size = sum(map(_size, policies))
    if size > _MOST_CHARACTERS:
        raise ValueError(
            f"the policies of a function's role must have {_MOST_CHARACTERS} characters at most, "
            f"got {size}: hand in another Handler to some of the images and deployments"
        )


def _size(policy: iam.Policy) -> int:
    """Return how many characters IAM counts in a policy, which are all but white space."""
    stack = Stack.of(policy)
    region = _SHORTEST_REGION if is_token(stack.region) else stack.region
    document = _filled_in(stack.resolve(policy.document), region)
    return len(json.dumps(document, separators=(",", ":")))


def _filled_in(value: object, region: str) -> object:
    """Return a part of a template, with texts of their lengths for what is not known in it.

    They are rather too short than too long, so that nothing is refused that can be deployed.
    """
    filled = value
    match value:
        case list():
            filled = [_filled_in(part, region) for part in value]
        case {"Ref": "AWS::Partition"}:
            filled = "aws"
        case {"Ref": "AWS::Region"}:
            filled = region
        case {"Ref": "AWS::AccountId"}:
            filled = _ACCOUNT
        case {"Ref": _}:
            filled = f"arn:aws:secretsmanager:{region}:{_ACCOUNT}:secret:{'x' * 8}"
        case {"Fn::Sub": text}:
            filled = text
        case {"Fn::Join": [separator, [*parts]]}:
            filled = str(separator).join(str(_filled_in(part, region)) for part in parts)
        case {"Fn::GetAtt": [_, "Arn"]}:
            filled = f"arn:aws:lambda:{region}:{_ACCOUNT}:function:{'x' * 55}"
        case {"Fn::GetAtt": _} | {"Fn::ImportValue": _}:
            filled = f"arn:aws:lightsail:{region}:{_ACCOUNT}:ContainerService/{'x' * 36}"
        case dict():
            filled = {name: _filled_in(part, region) for name, part in value.items()}
    return filled
