"""The workflows of GitHub do what they are for on what a hosted machine has."""

import itertools
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from demo.cdk_program import ROOT

# What GitHub's machines bring along.
INSTALLED = {"openssl", "skopeo"}


def test_the_fast_tests_need_no_program_that_is_not_on_a_hosted_machine() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "test-fast"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    arguments = shlex.split(shown.splitlines()[-1])
    pairs = itertools.pairwise(arguments)
    ignored = {ROOT / value for option, value in pairs if option == "--ignore"}
    wanted = {
        program
        for folder in arguments
        if folder.startswith("tests/") and ROOT / folder not in ignored
        for path in (ROOT / folder).rglob("test_*.py")
        if ignored.isdisjoint([path, *path.parents])
        for programs in re.findall(r"\bneeds\(([^)]*)\)", path.read_text())
        for program in re.findall(r'"([^"]+)"', programs)
    }

    assert "openssl" in wanted
    assert wanted <= INSTALLED


def test_each_job_has_the_python_of_aws_lambda() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    pythons = {
        name: step["with"]["python-version"].split()
        for name, job in jobs.items()
        for step in job["steps"]
        if "setup-python" in step.get("uses", "")
    }

    assert set(pythons) == set(jobs)
    assert all("3.13" in versions for versions in pythons.values())
    # The last one is `python`.
    assert pythons["fast"][-1] != "3.13"


def test_a_release_has_no_relative_link_on_its_page(tmp_path: Path) -> None:
    shutil.copy(ROOT / "README.md", tmp_path)
    job = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]["build"]
    (step,) = (one for one in job["steps"] if "link" in one.get("name", ""))
    names = [one.get("name", one.get("run", "")) for one in job["steps"]]

    subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=tmp_path,
        check=True,
        env={
            **os.environ,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/containers",
            "GITHUB_REF_NAME": "v1.2.3",
        },
    )

    page = (tmp_path / "README.md").read_text()
    targets = re.findall(r"\]\(([^)]+)\)", page)
    assert [one for one in targets if not one.startswith("https://")] == []
    of_ours = "https://github.com/acme/containers"
    assert f"{of_ours}/actions/workflows/ci.yml/badge.svg" in targets
    assert f"{of_ours}/raw/v1.2.3/docs/flow.svg" in targets
    assert f"{of_ours}/blob/v1.2.3/docs/README.md#examples" in targets
    assert names.index(step["name"]) < next(
        number for number, name in enumerate(names) if "hatchling build" in name
    )


@pytest.mark.parametrize(
    ("heading", "is_released"),
    [
        ("1.2.3 - 2026-12-01", True),
        ("1.2.3 - unreleased", False),
        ("1.2.4 - 2026-12-01", False),
        ("Unreleased", False),
    ],
)
def test_a_release_has_its_version_and_a_date_on_top_of_the_changelog(
    heading: str, is_released: bool, tmp_path: Path
) -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]["build"]
    (step,) = (one for one in job["steps"] if "changelog" in one.get("name", ""))
    earlier = "## 1.2.3 - 2026-11-30" if not is_released else "## 1.2.2 - 2026-11-30"
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## {heading}\n\n{earlier}\n")

    run = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        env={**os.environ, "GITHUB_REF_NAME": "v1.2.3"},
    )

    assert (run.returncode == 0) == is_released
