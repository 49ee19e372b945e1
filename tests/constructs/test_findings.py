"""Our stacks and the examples: their templates on record, and checks that find nothing."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demo.cdk_program import ROOT

from checked_apps import CheckedApp, synthesize, without_coverage

STACKS = str(Path(__file__).with_name("findings_app.py"))
STACKS_OF_HABITS = str(Path(__file__).with_name("habits_app.py"))
KINDS = [
    "made",
    "named",
    "named placed",
    "made vpc placed",
    "made sources",
    "named sources placed",
    "made deployed",
    "named deployed placed",
    "named domains",
    "named domains placed",
    "named deployed placed cdk-init",
    "named domains placed cdk-init",
]
FLAGS_OF_CDK_INIT = ROOT / "node_modules/aws-cdk/lib/init-templates/.recommended-feature-flags.json"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DIGEST = "sha256:" + "0123456789abcdef" * 4
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
APPS = {
    "app_with_image": {"service_name": "shop", "label": "web", "image": "nginx:1.27"},
    "app_with_digest": {"service_name": "shop", "label": "web", "digest": DIGEST},
}
APP = ROOT / "app.py"
HABITS = "habits"
SERVICE_ARN = (
    "arn:aws:lightsail:eu-central-1:111122223333:"
    "ContainerService/9c1b8a2e-5c0d-4f3e-8a77-0123456789ab"
)
TEMPLATES = ROOT / "tests" / "releases" / "templates"
# The hash of an asset differs with each change to the code of the function.
HASH = re.compile(r"(?<!sha256:)\b[0-9a-f]{64}\b")
UNACKNOWLEDGED = "named, unacknowledged"
FLAWED = "flawed"
_FLAWED = """
from aws_cdk import App, Stack, aws_ec2
app = App()
aws_ec2.Vpc(Stack(app, "Stack"), "Vpc")
app.synth()
"""


@dataclass(frozen=True)
class Checked:
    """All apps, synthesized by one process.

    Args:
        apps: each by its name.
        output: the standard error of the process.
    """

    apps: dict[str, CheckedApp]
    output: str


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    folder: Path = tmp_path_factory.mktemp("checked")
    site, archive, flawed = folder / "site", folder / "archive", folder / "flawed.py"
    for source, name in ((site, "Dockerfile"), (archive, "index.json")):
        source.mkdir()
        (source / name).touch()
    flawed.write_text(_FLAWED)

    shared = {
        "site": str(site),
        "archive": str(archive),
        "digest": DIGEST,
        "key": KEY_ARN,
        "branch": "fix/Cart-2",
        "service_arn": SERVICE_ARN,
        "reference": f"ghcr.io/acme/web@{DIGEST}",
    }

    def app(file: str | Path, outdir: str, *, acknowledges: bool = True, **more: str) -> CheckedApp:
        context: dict[str, Any] = more if file == APP else {**shared, **more}
        if "cdk-init" in outdir:
            context |= json.loads(FLAGS_OF_CDK_INIT.read_text())
        return CheckedApp(
            file=str(file),
            outdir=str(folder / outdir),
            context=context,
            acknowledges=acknowledges,
        )

    apps = {
        **{kind: app(STACKS, kind, kind=kind) for kind in KINDS},
        **{one.stem: app(one, one.stem, worker=DIGEST) for one in EXAMPLES},
        **{name: app(APP, name, **context) for name, context in APPS.items()},
        UNACKNOWLEDGED: app(STACKS, UNACKNOWLEDGED, kind="named", acknowledges=False),
        FLAWED: app(flawed, FLAWED),
        HABITS: app(STACKS_OF_HABITS, HABITS),
    }
    run = synthesize(apps.values())
    assert run.returncode == 0, run.stderr
    return Checked(apps, run.stderr)


@pytest.mark.parametrize("name", [*KINDS, HABITS, *(example.stem for example in EXAMPLES)])
def test_cdk_nag_and_the_cdk_itself_find_nothing(checked: Checked, name: str) -> None:
    app = checked.apps[name]

    assert app.error == ""
    assert app.violations == []
    assert len(app.templates) == 1


@pytest.mark.parametrize("name", [*APPS, *(example.stem for example in EXAMPLES)])
def test_the_template_is_the_one_on_record(checked: Checked, name: str) -> None:
    """Stacks out there are updated with every difference."""
    app = checked.apps[name]
    assert app.error == ""
    (file,) = app.templates
    template = json.loads(file.read_text())
    lines = (
        f"{section} {name} {json.dumps(part, sort_keys=True)}\n"
        for section in ("Resources", "Outputs")
        for name, part in sorted(template[section].items())
    )
    found = HASH.sub("<hash>", "".join(lines))

    record = TEMPLATES / f"{name}.txt"
    if not record.exists():
        record.write_text(found)
        pytest.fail(f"no template was on record: wrote {record}")
    assert found == record.read_text()


def test_no_template_of_an_app_that_is_gone_is_on_record() -> None:
    recorded = {record.stem for record in TEMPLATES.iterdir()}
    assert recorded == {*APPS, *(example.stem for example in EXAMPLES)}


@pytest.mark.parametrize("name", [HABITS, "existing_service_by_arn"])
def test_permissions_name_an_existing_service_by_its_arn(checked: Checked, name: str) -> None:
    (file,) = checked.apps[name].templates
    template = json.loads(file.read_text())

    changed = {
        statement["Resource"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::IAM::Policy"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
        if isinstance(statement["Resource"], str) and statement["Resource"] != "*"
    }
    assert changed == {SERVICE_ARN}
    assert "ContainerService/*" not in file.read_text()


def test_a_program_of_the_habits_of_the_cdk_changes_what_it_means_to(checked: Checked) -> None:
    (file,) = checked.apps[HABITS].templates
    template = json.loads(file.read_text())
    resources = template["Resources"]

    def of(kind: str) -> list[Any]:
        return [one["Properties"] for one in resources.values() if one["Type"] == kind]

    environments = [
        container["Environment"]
        for one in of("Custom::LightsailContainerServiceDeployment")
        for container in one["Containers"].values()
    ]
    assert sorted(environments, key=len) == [
        {"STAGE": "live"},
        {"STAGE": "live"},
        {"UPSTREAM": "http://localhost:80", "STAGE": "live"},
        {"QUEUE": "https://queue.0123456789.eu-central-1.cs.amazonlightsail.com/", "STAGE": "live"},
    ]
    assert {one["RemovalPolicy"] for one in of("Custom::LightsailContainerImage")} == {"Retain"}
    assert {"Url", "ImageName", "DeploymentVersion", "ShopUrl"} <= template["Outputs"].keys()


def test_nothing_is_warned_of(checked: Checked) -> None:
    assert "WARNING" not in checked.output


def test_cfn_lint_finds_nothing_but_what_is_wrong(checked: Checked, tmp_path: Path) -> None:
    files = [str(file) for kind in KINDS for file in checked.apps[kind].templates]
    assert len(files) == len(KINDS)
    (file,) = checked.apps["made"].templates
    wrong = tmp_path / "wrong.template.json"
    wrong.write_text(file.read_text().replace('"nano"', '"huge"'))

    found = lint(*files, str(wrong))

    assert "E3030" in str(found)
    assert {one["Filename"] for one in found} == {str(wrong)}


def test_cdk_nag_would_find_what_is_acknowledged(checked: Checked) -> None:
    app = checked.apps[UNACKNOWLEDGED]

    found = str(app.violations)
    assert "ValidationFailed" in app.error
    assert "AwsSolutions-IAM5[Resource::*]" in found
    assert "ContainerService/*]" in found
    assert "AwsSolutions-L1" in found


def test_cdk_nag_would_find_what_an_example_has_not(checked: Checked) -> None:
    app = checked.apps[FLAWED]

    assert "ValidationFailed" in app.error
    assert "AwsSolutions-VPC7" in str(app.violations)


def lint(*files: str) -> list[dict[str, object]]:
    """What cfn-lint finds in templates."""
    command = str(Path(sys.executable).with_name("cfn-lint"))
    run = subprocess.run(
        [command, "--format", "json", *files],
        env=without_coverage(),
        capture_output=True,
        text=True,
        check=False,
    )
    found: list[dict[str, object]] = json.loads(run.stdout)
    return found
