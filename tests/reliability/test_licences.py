"""The licences of what is installed along, and of what is in the function."""

import importlib.metadata
from email.message import Message

import pytest
from reliability.report import ROOT
from reliability.supply_chain.dependencies import required
from reliability.supply_chain.licences import is_accepted, licence, rows


def test_every_licence_is_known_and_may_go_along() -> None:
    found = rows(required(), required("local"))

    assert [row for row in found if not is_accepted(row[2])] == []
    assert ("crhelper", "2.0.12", "Apache-2.0", "there, and in the function") in found
    assert {"aws-cdk-lib", "constructs", "ministack"} <= {row[0] for row in found}


def test_the_text_of_crhelpers_licence_is_that_of_ours() -> None:
    # Which is why the function's asset holds it once, beside crhelper's notice.
    (theirs,) = [
        file for file in importlib.metadata.files("crhelper") or [] if file.name == "LICENSE"
    ]

    terms = " ".join(theirs.read_text().split())
    ours = " ".join((ROOT / "LICENSE").read_text().split())

    assert terms.startswith("Apache License Version 2.0")
    assert ours.startswith(f"{terms} END OF TERMS AND CONDITIONS")


def metadata(**fields: str) -> Message:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


@pytest.mark.parametrize(
    ("given", "expression"),
    [
        (metadata(License_Expression="MIT", License="other"), "MIT"),
        (metadata(License="Apache-2.0", Classifier="License :: OSI Approved"), "Apache-2.0"),
        (metadata(License="UNKNOWN", Classifier="License :: OSI Approved :: MIT License"), "MIT"),
        (metadata(License="do what you want"), ""),
        (metadata(), ""),
    ],
)
def test_reads_a_licence_wherever_metadata_has_it(given: Message, expression: str) -> None:
    assert licence(given) == expression


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("Apache-2.0 AND MIT", True),
        ("unknown", False),
    ],
)
def test_accepts_what_may_go_along_with_the_apache_licence(expression: str, accepted: bool) -> None:
    assert is_accepted(expression) is accepted
