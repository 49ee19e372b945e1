"""Certificates that are validated in the stack, and the records of a service's domain names."""

from __future__ import annotations

from typing import Any

import jsii
import pytest
from aws_cdk import App, Environment, Fn, IStableStringProducer, Lazy, NestedStack, Stack, Stage
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from aws_cdk.assertions import Match, Template
from aws_cdk.aws_lightsail import CfnCertificate, CfnContainer, CfnDomain

from cdk_lightsail_containers import (
    CertificateValidation,
    ContainerImage,
    ContainerService,
    ContainerWebService,
    DomainHandler,
    Handler,
    ImageSource,
    WebDomain,
)

VALIDATION = "Custom::LightsailCertificateValidation"
ENTRY = "Custom::LightsailDomainEntry"


@jsii.implements(IStableStringProducer)
class Later:
    """A name that is known when the app is synthesized."""

    def produce(self) -> str:
        """Return it."""
        return "www.example.com"


def hosted(stack: Stack, *names: str) -> WebDomain:
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z1", zone_name="example.com"
    )
    return WebDomain.route53(zone, *(names or ("www.example.com",)))


def in_lightsail(*names: str) -> WebDomain:
    return WebDomain.lightsail("example.com", *(names or ("www",)))


def resources(stack: Stack, kind: str) -> dict[str, Any]:
    return dict(Template.from_stack(stack).find_resources(kind))


def web_service(stack: Stack, domain: Any, **options: Any) -> ContainerWebService:
    return ContainerWebService(
        stack,
        "Site",
        service_name="site",
        port=80,
        source=ImageSource.from_registry("public.ecr.aws/nginx/nginx:1.27"),
        domain=domain,
        **options,
    )


def test_requests_a_certificate_and_validates_it_in_the_hosted_zone(stack: Stack) -> None:
    domain = hosted(stack, "www.example.com", "api.example.com")
    validation = CertificateValidation(stack, "Certificate", domain=domain)

    ((name, certificate),) = resources(stack, "AWS::Lightsail::Certificate").items()
    assert certificate["Properties"]["DomainName"] == "www.example.com"
    assert certificate["Properties"]["SubjectAlternativeNames"] == ["api.example.com"]
    ((_, resource),) = resources(stack, VALIDATION).items()
    properties = resource["Properties"]
    assert properties["CertificateName"] == {"Ref": name}
    assert properties["HostedZoneId"] == "Z1"
    assert properties["ServiceTimeout"] == "3600"
    assert (validation.domain, validation.handler.node.path) == (
        domain,
        "Stack/LightsailDomainsHandler",
    )
    assert stack.resolve(validation.certificate.ref) == {"Ref": name}
    assert stack.resolve(validation.certificate_arn)["Fn::GetAtt"][1] == "CertificateArn"


def test_may_write_the_records_of_the_names_in_this_zone_alone(stack: Stack) -> None:
    CertificateValidation(stack, "Certificate", domain=hosted(stack))

    template = Template.from_stack(stack)
    zone = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":route53:::hostedzone/Z1"]]}
    statement = {
        "Action": "route53:ChangeResourceRecordSets",
        "Effect": "Allow",
        "Resource": zone,
        "Condition": {
            "ForAllValues:StringEquals": {
                "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE"],
                "route53:ChangeResourceRecordSetsRecordTypes": ["CNAME", "TXT"],
            },
            "ForAllValues:StringLike": {
                "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_*.www.example.com"]
            },
        },
    }
    template.has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": Match.array_with([statement])}}
    )


def test_a_zone_of_lightsail_needs_no_route_53(stack: Stack) -> None:
    CertificateValidation(stack, "Certificate", domain=in_lightsail())

    ((_, resource),) = resources(stack, VALIDATION).items()
    assert resource["Properties"]["LightsailDomainName"] == "example.com"
    assert "route53" not in str(resources(stack, "AWS::IAM::Policy"))


def test_waits_for_a_zone_of_lightsail_that_the_app_makes(stack: Stack) -> None:
    zone = CfnDomain(stack, "Zone", domain_name="example.com")
    web_service(stack, WebDomain.lightsail(zone, "www"))

    for kind in (VALIDATION, ENTRY):
        ((_, resource),) = resources(stack, kind).items()
        assert resource["Properties"]["LightsailDomainName"] == "example.com"
        assert "Zone" in resource["DependsOn"]


def test_the_function_for_images_may_change_no_record(stack: Stack) -> None:
    web_service(stack, hosted(stack))

    for policy in resources(stack, "AWS::IAM::Policy").values():
        (role,) = policy["Properties"]["Roles"]
        if "ContainersHandler" in role["Ref"]:
            assert "route53" not in str(policy)
        else:
            assert "RegisterContainerImage" not in str(policy)
    assert len(resources(stack, "AWS::Lambda::Function")) == 2


def test_another_name_is_another_certificate_and_another_validation(stack: Stack) -> None:
    other = Stack(App(), "Stack")
    CertificateValidation(stack, "Certificate", domain=in_lightsail("www"))
    CertificateValidation(other, "Certificate", domain=in_lightsail("www", "api"))

    for kind in (VALIDATION, "AWS::IAM::Policy"):
        ours = {name for name in resources(stack, kind) if "Validation" in name}
        theirs = {name for name in resources(other, kind) if "Validation" in name}
        assert ours
        assert not ours & theirs
    names = [
        one["Properties"]["CertificateName"]
        for each in (stack, other)
        for one in resources(each, "AWS::Lightsail::Certificate").values()
    ]
    assert len(set(names)) == 2
    assert all(name.startswith("www-example-com-") for name in names)


def test_another_order_of_the_further_names_is_the_same_certificate() -> None:
    found = []
    for names in (("www", "api", "b"), ("www", "b", "api")):
        stack = Stack(App(), "Stack")
        CertificateValidation(stack, "Certificate", domain=in_lightsail(*names))
        found.append(resources(stack, "AWS::Lightsail::Certificate"))

    assert found[0] == found[1]


def test_a_stack_in_a_stage_with_its_name_has_the_same_certificate() -> None:
    found = []
    for scope in (App(), Stage(App(), "Prod")):
        stack = Stack(scope, "Stack", stack_name="Stack")
        CertificateValidation(stack, "Certificate", domain=in_lightsail())
        found.append(resources(stack, "AWS::Lightsail::Certificate"))

    assert found[0] == found[1]


def test_nested_stacks_of_two_stages_have_certificates_of_two_names() -> None:
    app, found = App(), []
    for name in ("Beta", "Prod"):
        stack = NestedStack(Stack(Stage(app, name), "Stack"), "Nested")
        CertificateValidation(stack, "Certificate", domain=in_lightsail())
        found.append(resources(stack, "AWS::Lightsail::Certificate"))

    assert found[0] != found[1]


def test_another_zone_is_another_validation(stack: Stack) -> None:
    other = Stack(App(), "Stack")
    CertificateValidation(stack, "Certificate", domain=in_lightsail())
    CertificateValidation(other, "Certificate", domain=hosted(other))

    assert not resources(stack, VALIDATION).keys() & resources(other, VALIDATION).keys()


def test_a_web_service_waits_for_the_certificate_and_gets_a_record(stack: Stack) -> None:
    before = {"old": ["old.example.com"], "gone": []}
    web_service(stack, hosted(stack), public_domain_names=before)

    ((name, _),) = resources(stack, VALIDATION).items()
    ((_, service),) = resources(stack, "AWS::Lightsail::Container").items()
    assert service["Properties"]["PublicDomainNames"] == [
        {"CertificateName": "old", "DomainNames": ["old.example.com"]},
        {"CertificateName": "gone", "DomainNames": []},
        {"CertificateName": {"Ref": name}, "DomainNames": ["www.example.com"]},
    ]
    ((_, record),) = resources(stack, "AWS::Route53::RecordSet").items()
    assert record["Properties"]["Name"] == "www.example.com."
    assert record["Properties"]["Type"] == "CNAME"


def test_the_name_of_a_hosted_zone_is_an_alias_to_the_region_s_zone(placed_stack: Stack) -> None:
    web_service(placed_stack, hosted(placed_stack, "example.com"))

    ((_, record),) = resources(placed_stack, "AWS::Route53::RecordSet").items()
    assert record["Properties"]["Type"] == "A"
    assert record["Properties"]["AliasTarget"]["HostedZoneId"] == "Z06137433FV04OY4EC6L0"


def test_an_alias_in_a_region_that_is_not_known_is_looked_up(stack: Stack) -> None:
    web_service(stack, hosted(stack, "example.com"))
    zone = WebDomain.route53(
        route53.HostedZone.from_hosted_zone_attributes(
            stack, "Other", hosted_zone_id="Z2", zone_name="example.net"
        ),
        "example.net",
    )
    other = CertificateValidation(stack, "Other2", domain=zone)
    other.add_records(
        ContainerService(
            stack, "Service", service_name="other", public_domain_names=other.public_domain_names
        )
    )

    for record in resources(stack, "AWS::Route53::RecordSet").values():
        assert record["Properties"]["AliasTarget"]["HostedZoneId"] == {
            "Fn::FindInMap": ["LightsailAliasZones", {"Ref": "AWS::Region"}, "Id"]
        }


def test_a_region_without_an_alias_is_refused_before_anything_is_deployed(stack: Stack) -> None:
    web_service(stack, hosted(stack, "example.com"))

    template = Template.from_stack(stack).to_json()
    (assertion,) = template["Rules"]["LightsailAliasRegion"]["Assertions"]
    regions, ours = assertion["Assert"]["Fn::Contains"]
    assert set(regions) == template["Mappings"]["LightsailAliasZones"].keys()
    assert ours == {"Ref": "AWS::Region"}
    assert "none for services in the stack's Region: use a name" in assertion["AssertDescription"]


def test_a_stack_without_a_name_of_the_zone_itself_may_be_in_every_region(stack: Stack) -> None:
    web_service(stack, hosted(stack))

    template = Template.from_stack(stack).to_json()
    assert "Mappings" not in template
    assert "LightsailAliasRegion" not in template["Rules"]


def test_an_alias_in_a_region_without_one_is_refused() -> None:
    stack = Stack(App(), "Stack", env=Environment(account="111122223333", region="us-west-1"))

    with pytest.raises(ValueError, match="Lightsail has none for services in us-west-1"):
        web_service(stack, hosted(stack, "example.com"))


def test_each_name_of_a_zone_of_lightsail_gets_an_entry(stack: Stack) -> None:
    web_service(stack, in_lightsail("@", "www"))

    entries = resources(stack, ENTRY).values()
    assert {one["Properties"]["Name"] for one in entries} == {"example.com", "www.example.com"}
    assert all("Fn::GetAtt" in one["Properties"]["Target"] for one in entries)
    assert all(one["Properties"]["ServiceTimeout"] == "3600" for one in entries)


def test_takes_a_certificate_and_a_handler(stack: Stack) -> None:
    handler = DomainHandler(stack, "Domains", memory_size=256)
    certificate = CfnCertificate(
        stack, "Own", certificate_name="own", domain_name="www.example.com"
    )
    validation = CertificateValidation(
        stack, "Certificate", domain=in_lightsail(), certificate=certificate, handler=handler
    )

    assert validation.certificate is certificate
    assert validation.handler is handler
    assert len(resources(stack, "AWS::Lambda::Function")) == 1
    assert len(resources(stack, "AWS::Lightsail::Certificate")) == 1


def test_a_certificate_whose_names_are_not_known_is_taken(stack: Stack) -> None:
    certificate = CfnCertificate(
        stack, "Own", certificate_name="own", domain_name=Fn.import_value("Name")
    )
    CertificateValidation(stack, "Validation", domain=in_lightsail(), certificate=certificate)

    assert len(resources(stack, VALIDATION)) == 1


def test_a_handler_of_another_stack_gets_the_permissions_of_the_resource() -> None:
    app = App()
    handler = DomainHandler(Stack(app, "Shared"), "Domains")
    stack = Stack(app, "Stack")

    CertificateValidation(stack, "Certificate", domain=in_lightsail(), handler=handler)

    ((_, policy),) = resources(stack, "AWS::IAM::Policy").items()
    assert "cloudformation:ListStackResources" in str(policy)


def test_permissions_can_be_added(stack: Stack) -> None:
    handler = DomainHandler(stack, "Domains")

    iam.Grant.add_to_principal(grantee=handler, actions=["s3:GetObject"], resource_arns=["a"])

    assert "s3:GetObject" in str(resources(stack, "AWS::IAM::Policy"))


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"domain": "www.example.com"}, r"domain must be WebDomain.route53\(...\) or"),
        ({"certificate": "own"}, "certificate must be a CfnCertificate, got 'own'"),
        ({"handler": "own"}, "handler must be a DomainHandler, got 'own'"),
    ],
)
def test_wrong_values_are_refused(stack: Stack, options: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rule) as caught:
        CertificateValidation(stack, "Certificate", **{"domain": in_lightsail(), **options})

    assert caught.value.__notes__ == ["in construct 'Stack/Certificate'"]


def test_a_certificate_for_other_names_is_refused(stack: Stack) -> None:
    certificate = CfnCertificate(stack, "Own", certificate_name="own", domain_name="example.com")

    with pytest.raises(ValueError, match=r"'Stack/Own', which is for example.com"):
        CertificateValidation(stack, "Validation", domain=in_lightsail(), certificate=certificate)


def test_a_certificate_with_a_wrong_name_is_refused(stack: Stack) -> None:
    certificate = CfnCertificate(stack, "Own", certificate_name="-", domain_name="www.example.com")

    with pytest.raises(ValueError, match="certificate_name must be 2-255 letters"):
        CertificateValidation(stack, "Validation", domain=in_lightsail(), certificate=certificate)


def test_each_kind_of_handler_is_for_its_own_constructs(stack: Stack) -> None:
    images, domains = Handler(stack, "Images"), DomainHandler(stack, "Domains")
    service: Any = ContainerService(stack, "Service", service_name="shop")
    source = ImageSource.from_digest("sha256:" + "0" * 64)

    wrong: Any = images
    with pytest.raises(ValueError, match="handler must be a DomainHandler"):
        CertificateValidation(stack, "Validation", domain=in_lightsail(), handler=wrong)
    with pytest.raises(ValueError, match="handler must be a Handler"):
        ContainerImage(stack, "Image", service=service, label="web", source=source, handler=domains)


def test_records_are_made_once_and_for_a_service(stack: Stack) -> None:
    validation = CertificateValidation(stack, "Certificate", domain=in_lightsail())
    service = ContainerService(
        stack, "Service", service_name="shop", public_domain_names=validation.public_domain_names
    )
    validation.add_records(service)

    with pytest.raises(ValueError, match="call add_records once"):
        validation.add_records(service)
    wrong: Any = "shop"
    with pytest.raises(ValueError, match=r"service must be a ContainerService, .*, got 'shop'"):
        validation.add_records(wrong)


def test_a_resource_of_the_cdk_gets_records_as_a_container_service_does(stack: Stack) -> None:
    validation = CertificateValidation(stack, "Certificate", domain=hosted(stack))
    names = CfnContainer.PublicDomainNameProperty(
        certificate_name=validation.certificate_name, domain_names=["www.example.com"]
    )
    service = CfnContainer(
        stack,
        "Service",
        service_name="shop",
        power="nano",
        scale=1,
        public_domain_names=[names],
    )

    validation.add_records(service)

    ((_, record),) = resources(stack, "AWS::Route53::RecordSet").items()
    assert "{'Fn::GetAtt': ['Service', 'Url']}" in str(record)


def synthesis_error(stack: Stack) -> str:
    """The broken rules that the CDK shows when it synthesizes a stack."""
    with pytest.raises(RuntimeError) as caught:
        Template.from_stack(stack)
    return str(caught.value)


def test_records_that_lead_to_a_service_without_the_names_are_refused(stack: Stack) -> None:
    validation = CertificateValidation(stack, "Certificate", domain=hosted(stack, "a", "b"))
    names = {validation.certificate_name: ["a.example.com"]}
    validation.add_records(
        ContainerService(stack, "Service", service_name="shop", public_domain_names=names)
    )

    assert (
        "[Stack/Certificate] public_domain_names of 'Stack/Service' must have 'b.example.com'"
    ) in synthesis_error(stack)


def test_records_that_lead_to_a_service_without_any_name_are_refused(stack: Stack) -> None:
    validation = CertificateValidation(stack, "Certificate", domain=in_lightsail())
    validation.add_records(ContainerService(stack, "Service", service_name="shop"))

    error = synthesis_error(stack)
    assert "must have 'www.example.com', which is to lead to it" in error
    assert "public_domain_names=validation.public_domain_names" in error


def test_a_service_may_get_its_names_after_its_records(stack: Stack) -> None:
    validation = CertificateValidation(stack, "Certificate", domain=in_lightsail())
    service = ContainerService(stack, "Service", service_name="shop")
    validation.add_records(service)
    resource: Any = service.node.default_child
    resource.public_domain_names = [
        {"certificateName": validation.certificate_name, "domainNames": ["www.example.com"]}
    ]

    assert len(resources(stack, ENTRY)) == 1


@pytest.mark.parametrize(
    "names",
    [
        Fn.condition_if("Condition", [], []),
        [Fn.condition_if("Condition", "one", "other")],
        [{"certificateName": "own", "domainNames": Fn.split(",", Fn.import_value("Names"))}],
        [{"certificateName": "own", "domainNames": [Fn.import_value("Name")]}],
    ],
)
def test_a_service_whose_names_are_not_known_may_have_these(stack: Stack, names: Any) -> None:
    validation = CertificateValidation(stack, "Certificate", domain=in_lightsail())
    service = ContainerService(stack, "Service", service_name="shop")
    resource: Any = service.node.default_child
    resource.public_domain_names = names
    validation.add_records(service)

    assert len(resources(stack, ENTRY)) == 1


def test_an_existing_service_may_have_the_names(stack: Stack) -> None:
    arn = "arn:aws:lightsail:eu-central-1:111122223333:ContainerService/1"
    service = ContainerService.from_service_attributes(
        stack, "Service", service_name="shop", service_arn=arn, url="https://shop.example/"
    )
    CertificateValidation(stack, "Certificate", domain=in_lightsail()).add_records(service)

    ((_, entry),) = resources(stack, ENTRY).items()
    assert entry["Properties"]["Target"] == "https://shop.example/"


def test_a_name_of_two_certificates_of_a_service_is_refused(stack: Stack) -> None:
    domain = hosted(stack, "www", "api")

    rule = "domain has a certificate of its own for 'api.example.com': remove the name from"
    with pytest.raises(ValueError, match=rule) as caught:
        web_service(
            stack, domain, public_domain_names={"old": ("old.example.com", domain.names[1])}
        )

    assert caught.value.__notes__ == ["in construct 'Stack/Site'"]
    assert not stack.node.try_find_child("Site")


def test_a_name_that_becomes_one_of_two_certificates_is_refused(stack: Stack) -> None:
    later = Lazy.string(Later())
    web_service(stack, hosted(stack), public_domain_names={"old": [later]})

    assert "once, got 'www.example.com' twice for 'Stack/Site/Service'" in synthesis_error(stack)


def test_what_is_no_mapping_of_lists_is_refused_by_the_service(stack: Stack) -> None:
    for names in ("www.example.com", {"old": "www.example.com"}):
        with pytest.raises(ValueError, match="public_domain_names must be a mapping of"):
            web_service(Stack(App(), "Stack"), in_lightsail(), public_domain_names=names)


def test_a_zone_that_is_put_into_a_vpc_later_is_refused(stack: Stack) -> None:
    vpc, zone = ec2.Vpc(stack, "Vpc"), route53.HostedZone(stack, "Zone", zone_name="example.com")
    CertificateValidation(stack, "Certificate", domain=WebDomain.route53(zone, "www"))
    zone.add_vpc(vpc)

    assert "public hosted zone, got 'Stack/Zone', which is private" in synthesis_error(stack)


def test_the_functions_and_roles_of_a_stack_can_be_told_apart(stack: Stack) -> None:
    web_service(stack, hosted(stack))

    for kind in ("AWS::Lambda::Function", "AWS::IAM::Role"):
        found = [one["Properties"]["Description"] for one in resources(stack, kind).values()]
        assert len(set(found)) == 2


def test_a_name_of_two_services_is_refused(stack: Stack) -> None:
    web_service(stack, hosted(stack, "www.example.com", "api.example.com"))
    other = CertificateValidation(stack, "Other", domain=in_lightsail("@", "api"))

    with pytest.raises(ValueError, match=r"'api.example.com' already has a record by 'Stack/Site"):
        other.add_records(ContainerService(stack, "Service", service_name="other"))


def test_a_zone_of_another_account_is_refused() -> None:
    app = App()
    theirs, ours = (
        Stack(app, name, env=Environment(account=account, region=region))
        for name, account, region in (
            ("Theirs", "111122223333", "eu-west-1"),
            ("Ours", "444455556666", "us-east-1"),
        )
    )
    there = hosted(theirs)

    with pytest.raises(ValueError, match="in the account of the stack, got 'Theirs/Zone' of 1111"):
        CertificateValidation(ours, "Certificate", domain=there)
    lightsail = WebDomain.lightsail(CfnDomain(theirs, "Domain", domain_name="example.com"), "www")
    with pytest.raises(ValueError, match="in the account of the stack, got 'Theirs/Domain' of 111"):
        CertificateValidation(ours, "Other", domain=lightsail)
    elsewhere = Stack(app, "Same", env=Environment(account="111122223333", region="us-east-1"))
    CertificateValidation(elsewhere, "Certificate", domain=there)


def test_long_names_of_a_zone_have_policies_of_their_own(stack: Stack) -> None:
    zone = "apps.customer-environments.example.com"
    names = [f"{number}.pull-request-of-the-checkout.{'x' * 30}.{zone}" for number in range(3)]
    ContainerWebService(
        stack,
        "Site",
        service_name="site",
        source=ImageSource.from_registry("nginx"),
        port=80,
        domain=WebDomain.lightsail(zone, *names),
    )

    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    named = [one["Properties"]["PolicyName"] for one in policies]
    assert len(set(named)) == len(named)
    assert max(map(len, named)) == 128
