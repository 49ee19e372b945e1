"""Deploys with CloudFormation's API what the CDK command line deploys, without starting it.

A start of the command line takes more time than everything that the cloud does then. For tests of
what a stack does; `cdk_commands` is for those of the command line.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from demo.cdk_program import Ended

from cdk_commands import APP, Cdk
from ecr_client import EcrClient
from oci_images import Made
from patience import wait_until

_WAIT = {"Delay": 0.1, "MaxAttempts": 6000}
# What has no current version to compare with, and what can only be deleted.
_NEW = {"REVIEW_IN_PROGRESS"}
_NEVER_MADE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}


class CloudFormationDeploys(Cdk):
    """Deploys as the command line does: assets to Amazon S3, then a change set.

    All stacks of an app are deployed at once.

    Attributes:
        built: what building an image gives, for apps with images to build.
    """

    built: Made | None = None

    def deploy(self, app: str = APP, /, *arguments: str, **context: object) -> Ended:
        if arguments:
            raise ValueError(f"only the command line takes {arguments}")
        self.synthesize(app, context)
        started = {stack: self._start(stack) for stack in self.stacks()}
        runs = [self._finish(stack, started[stack]) for stack in started]
        return Ended(
            returncode=max(run.returncode for run in runs),
            output="\n".join(run.output for run in runs),
            outputs={name: value for run in runs for name, value in run.outputs.items()},
        )

    def errors(self, app: str = APP, /, **context: object) -> str:
        """Synthesize an app, and return the errors for which the command line deploys nothing."""
        self.synthesize(app, context)
        manifest = json.loads((self.assembly / "manifest.json").read_text())
        files = [
            one["additionalMetadataFile"]
            for one in manifest["artifacts"].values()
            if "additionalMetadataFile" in one
        ]
        found = [one.get("metadata", {}) for one in manifest["artifacts"].values()]
        found += [json.loads((self.assembly / file).read_text()) for file in files]
        return "\n".join(
            entry["data"]
            for metadata in found
            for entries in metadata.values()
            for entry in entries
            if entry["type"] == "aws:cdk:error"
        )

    def _start(self, stack: str) -> bool:
        """Begin to create or update a stack, and say whether there is something to do."""
        self._publish(stack)
        cloudformation = self.client("cloudformation")
        template = (self.assembly / self.stacks()[stack]["templateFile"]).read_text()
        status = self._status(stack)
        if status in _NEVER_MADE:
            self.delete(stack)
            status = None
        elif status and status not in _NEW:
            before = cloudformation.get_template(StackName=stack)["TemplateBody"]
            before = before if isinstance(before, dict) else json.loads(before)
            if before == json.loads(template):
                return False
        change_set = {"StackName": stack, "ChangeSetName": f"deploy-{uuid.uuid4()}"}
        cloudformation.create_change_set(
            **change_set,
            ChangeSetType="UPDATE" if status and status not in _NEW else "CREATE",
            TemplateBody=template,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        created = cloudformation.get_waiter("change_set_create_complete")
        created.wait(**change_set, WaiterConfig=_WAIT)
        cloudformation.execute_change_set(**change_set)
        return True

    def _finish(self, stack: str, has_changes: bool) -> Ended:
        """Wait for a stack, and return what became of it."""
        cloudformation = self.client("cloudformation")
        wait_until(lambda: not self.status(stack).endswith("_IN_PROGRESS"))
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        status = found["StackStatus"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
        if not has_changes:
            return Ended(0, f"{stack} (no changes)", outputs)
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return Ended(0, f"{stack} {status}", outputs)
        failures = [
            reason
            for kind in ("CREATE_FAILED", "UPDATE_FAILED")
            for reason in self.reasons(stack, kind)
        ]
        return Ended(1, "\n".join([f"{stack} {status}", *failures]), {})

    def _status(self, stack: str) -> str | None:
        try:
            return self.status(stack)
        except ClientError:
            return None

    def _publish(self, stack: str) -> None:
        """Upload the files that a stack's resources need."""
        s3 = self.client("s3")
        assets = json.loads((self.assembly / f"{stack}.assets.json").read_text())
        self._push(assets["dockerImages"])
        for file in assets["files"].values():
            path = self.assembly / file["source"]["path"]
            if path.name.endswith(".template.json"):
                continue
            content = zipped(path) if file["source"]["packaging"] == "zip" else path.read_bytes()
            for destination in file["destinations"].values():
                s3.put_object(
                    Bucket=self._placed(destination["bucketName"]),
                    Key=self._placed(destination["objectKey"]),
                    Body=content,
                )

    def _push(self, images: Mapping[str, Any]) -> None:
        """Push the images that a stack's resources need."""
        for image in images.values():
            if self.built is None:
                raise ValueError("only the command line builds images")
            endpoints = self.cloud.endpoints
            certificate = Path(endpoints.certificate)
            registry = EcrClient.of_api(self.client("ecr"), endpoints.ecr, certificate)
            for destination in image["destinations"].values():
                repository = self._placed(destination["repositoryName"])
                pushed = registry.push(repository, self.built, destination["imageTag"])
                assert pushed.status == 201, pushed

    def _placed(self, name: str) -> str:
        endpoints = self.cloud.endpoints
        return (
            name.replace("${AWS::AccountId}", endpoints.account)
            .replace("${AWS::Region}", endpoints.region)
            .replace("${AWS::Partition}", "aws")
        )


def zipped(folder: Path) -> bytes:
    """Return the files of a folder as the command line packs them."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return content.getvalue()
