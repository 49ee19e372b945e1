"""The report of a run, which can be committed: no account, no secret."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

from reliability.report import table

from .answers import NOT_ASKED, QUESTIONS, Answer, command, written
from .clean_up import Left
from .mask import Mask
from .probes.assumptions import Fact

_DISTRIBUTION = "cdk-lightsail-containers"


@dataclass(kw_only=True)
class Step:
    """A step of the product, and what came of it."""

    title: str
    seconds: float = 0.0
    results: list[str] = field(default_factory=list)
    is_right: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)
    """How long our resources took, by type."""


@dataclass(kw_only=True)
class Findings:
    """What a run has found."""

    region: str
    cdk: str = ""  # the version of its command line
    answers: Mapping[str, Answer] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    times: Sequence[tuple[str, float]] = ()  # the states of the service, and the seconds in each
    facts: Sequence[Fact] = ()
    assets: Sequence[str] = ()  # the keys of what stays in the bootstrap's bucket
    left: Sequence[Left] = ()  # beside that
    failure: str = ""  # why the run ended early, if it did
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def document(findings: Findings, mask: Mask) -> str:
    """Return the report, as Markdown."""
    versions = (
        f"{_DISTRIBUTION} {version(_DISTRIBUTION)}, CDK command line {findings.cdk}, "
        f"boto3 {version('boto3')}, Python {platform.python_version()}"
    )
    parts = [
        "# Lightsail, as it was found",
        f"By `make live`, on {findings.at:%d %B %Y}, in {findings.region}; {versions}.",
    ]
    if findings.failure:
        parts.append(f"The run ended early: {findings.failure}")
    parts += [
        "## The unknowns",
        _answers(findings.answers),
        "A local cloud that behaves so, as far as it has a switch for it:",
        f"```console\n$ {command(findings.answers.values())}\n```",
        "Each answer is by:",
        _evidence(findings.answers),
        "## The product, on CloudFormation",
        _steps(findings.steps),
        "## Times",
        _times(findings),
        "## What else was seen",
        "\n".join(f"- {what}: {_code(said)}" for what, said in findings.facts) or "- nothing",
        "## What is left",
        _left(findings),
    ]
    return mask("\n\n".join(parts)) + "\n"


def _answers(answers: Mapping[str, Answer]) -> str:
    rows = [("", "question", "answer", "`--behaviour`")]
    for unknown, question in QUESTIONS.items():
        answer = answers.get(unknown)
        said = _cell(str(answer)) if answer else "not asked"
        rows.append((unknown, question, said, _sides(answer.sides) if answer else ""))
    needed = "not asked: needs a domain name"
    rows += [(unknown, question, needed, "") for unknown, question in NOT_ASKED.items()]
    return table(rows)


def _sides(sides: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}={written(value)}`" for name, value in sides.items())  # type: ignore[arg-type]


def _evidence(answers: Mapping[str, Answer]) -> str:
    lines = [
        f"- {unknown}: {', '.join(map(_code, answer.evidence))}"
        for unknown, answer in answers.items()
        if answer.evidence
    ]
    return "\n".join(lines) or "- nothing"


def _steps(steps: Sequence[Step]) -> str:
    rows = [("step", "as it should be", "seconds")]
    rows += [
        (step.title, "yes" if step.is_right else "**no**", f"{step.seconds:.0f}") for step in steps
    ]
    lines = [f"- {step.title}: {', '.join(map(_code, step.results))}" for step in steps]
    return "\n\n".join([table(rows), "\n".join(lines)])


def _times(findings: Findings) -> str:
    rows = [("what", "seconds")]
    rows += [(f"service {state}", f"{seconds:.0f}") for state, seconds in findings.times]
    for step in findings.steps:
        rows += [
            (f"{step.title}, {kind}", f"{seconds:.0f}") for kind, seconds in step.parts.items()
        ]
    return table(rows)


def _left(findings: Findings) -> str:
    lines = [f"- {left.what}: `{left.command}`" for left in findings.left] or [
        "- No stack, no container service with its images, no log group: looked for twice."
    ]
    if findings.assets:
        lines.append(
            f"- {len(findings.assets)} small files in the bucket of the CDK's bootstrap: `cdk gc` "
            "removes such."
        )
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _code(text: str) -> str:
    """Return a string as it is: as code, on one line."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"
