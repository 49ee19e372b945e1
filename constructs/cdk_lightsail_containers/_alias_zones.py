"""Lightsail's own zones, to which alias records of Amazon Route 53 lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import CfnMapping, CfnRule, CfnRuleAssertion, Fn, Stack

from ._checks import is_token

if TYPE_CHECKING:
    from constructs import Construct

# https://docs.aws.amazon.com/lightsail/latest/userguide/amazon-lightsail-route-53-alias-record-for-container-service.html
_ZONES = {
    "ap-east-1": "Z08783602ZZF1Q7DYQZ4Q",
    "ap-northeast-1": "Z0626125UAU4JWQ9JSKN",
    "ap-northeast-2": "Z06260262XZM84B2WPLHH",
    "ap-south-1": "Z10460781IQMISS0I0VVY",
    "ap-southeast-1": "Z0625921354DRJH4EY9V0",
    "ap-southeast-2": "Z09597943PQQZATPFE96E",
    "ap-southeast-3": "Z03072883T5HFTY4T7CDL",
    "ap-southeast-5": "Z09430204C5DXNNO314Y",
    "ca-central-1": "Z10450993RIRIJJUUMA5W",
    "eu-central-1": "Z06137433FV04OY4EC6L0",
    "eu-north-1": "Z016970523TDG2TZMUXKK",
    "eu-south-2": "Z09429752610EUUODCNMZ",
    "eu-west-1": "Z0624732FELAMMKW3Y21",
    "eu-west-2": "Z0624918ZXDYQZLOXA66",
    "eu-west-3": "Z09594631DSW2QUR7CFGO",
    "sa-east-1": "Z06385701RRVJGO1IDVWQ",
    "us-east-1": "Z06246771KYU0IRHI74W4",
    "us-east-2": "Z10362273VJ548563IY84",
    "us-west-2": "Z0959753D43BBB908BAV",
}
_MAPPING = "LightsailAliasZones"
_RULE = "LightsailAliasRegion"
_REASON = (
    "the name of the zone itself needs an alias record, and Lightsail has none for services in {}: "
    "use a name such as 'www'"
)


def alias_zone(scope: Construct) -> str:
    """Return the id of Lightsail's own zone for the services of a stack's Region.

    Raises:
        ValueError: the Region is known, and has none.
    """
    stack = Stack.of(scope)
    if not is_token(stack.region):
        if stack.region not in _ZONES:
            raise ValueError(_REASON.format(stack.region))
        return _ZONES[stack.region]
    existing = cast("CfnMapping | None", stack.node.try_find_child(_MAPPING))
    return (existing or _add_mapping(stack)).find_in_map(stack.region, "Id")


def _add_mapping(stack: Stack) -> CfnMapping:
    """Add the zones to a stack, and a rule by which it is deployed where there is one alone.

    CloudFormation checks rules before it changes anything, and shows the reason.
    """
    is_there = Fn.condition_contains(list(_ZONES), stack.region)
    reason = _REASON.format("the stack's Region")
    CfnRule(
        stack,
        _RULE,
        assertions=[CfnRuleAssertion(assert_=is_there, assert_description=reason)],
    )
    zones = {region: {"Id": zone} for region, zone in _ZONES.items()}
    return CfnMapping(stack, _MAPPING, mapping=zones)
