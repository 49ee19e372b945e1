"""The report."""

from datetime import UTC, datetime

from live.answers import settled, unsettled
from live.clean_up import Left
from live.document import Findings, Step, document
from live.mask import Mask

ANSWERS = {
    "U3": settled(
        "done | really",
        {"delete_in_use": "done"},
        "DeleteContainerImage: `done` for 123456789012",
    ),
    "U8": unsettled("no one knows", "after 5 s: nothing"),
    "U12": settled("up to 1.5 s", {"stale_seconds": 1.5}),
}


def report(**findings: object) -> str:
    given = {"region": "eu-central-1", "cdk": "2.1", "at": datetime(2026, 1, 2, tzinfo=UTC)}
    return document(Findings(**{**given, **findings}), Mask())  # type: ignore[arg-type]


def test_every_question_has_a_row_with_its_answer_and_side() -> None:
    lines = report(answers=ANSWERS).splitlines()

    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| U")}
    assert len(rows) == 14
    assert "| done \\| really " in rows["U3"]
    assert "| `delete_in_use=done` " in rows["U3"]
    assert "could not be settled: no one knows" in rows["U8"]
    assert "not asked" in rows["U1"]
    assert sum(line.startswith("| D") and "needs a domain name" in line for line in lines) == 9


def test_the_command_has_what_differs_from_the_default() -> None:
    assert (
        "$ lightsail-local up --behaviour delete_in_use=done --behaviour stale_seconds=1.5\n"
    ) in report(answers=ANSWERS)


def test_evidence_is_quoted_and_tells_no_account() -> None:
    text = report(answers=ANSWERS)

    assert "- U3: `DeleteContainerImage: 'done' for <account>`" in text
    assert "123456789012" not in text


def test_steps_tell_what_went_wrong_and_how_long_it_took() -> None:
    step = Step(
        title="create",
        seconds=61.7,
        results=["not as it should be:\nit is not so"],
        parts={"AWS::Lightsail::Container": 50.2},
    )

    text = report(steps=[step], times=[("PENDING", 120.4)])

    assert "| create | **no**          | 62      |" in text
    assert "- create: `not as it should be: it is not so`" in text
    assert "| service PENDING                   | 120     |" in text
    assert "| create, AWS::Lightsail::Container | 50      |" in text


def test_what_is_left_is_told_with_its_command() -> None:
    text = report(left=[Left(what="stack x", command="aws y")], assets=["a.zip"], failure="no luck")

    assert "- stack x: `aws y`" in text
    assert "- 1 small files in the bucket of the CDK's bootstrap" in text
    assert "The run ended early: no luck" in text


def test_a_run_without_anything_is_a_report_too() -> None:
    text = report()

    assert "on 02 January 2026, in eu-central-1" in text
    assert "looked for twice" in text
