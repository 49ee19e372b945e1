import pytest
from live.account import Account
from live.credentials import Lifetime
from live.mask import Mask
from reliability import ROOT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("arn:aws:iam::123456789012:user/me", "arn:aws:iam::<account>:user/<user>"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "<registry>"),
        (
            "210987654321.dkr.ecr.us-east-1.amazonaws.com",
            "<account>.dkr.ecr.us-east-1.amazonaws.com",
        ),
        ("https://bucket/key?X-Amz-Signature=abc&a=b is refused", "https://bucket/key is refused"),
        ("key AKIAIOSFODNN7EXAMPLE", "key <key>"),
        ("the secret is hunter2!", "the secret is <password>!"),
        (
            "User: arn:aws:sts::123456789012:assumed-role/cdk-deploy-role/aws-cdk-bob is not",
            "User: arn:aws:sts::<account>:assumed-role/cdk-deploy-role/<session> is not",
        ),
        ("arn:aws:iam::123456789012:user/team/me (me)", "arn:aws:iam::<account>:user/<user> (me)"),
        (
            "mia waits, mia@example.com and bohemia not",
            "<mia> waits, mia@example.com and bohemia not",
        ),
        (f"sha256:{'123456789012' * 5}1234", f"sha256:{'123456789012' * 5}1234"),
        ("What now? Nothing.", "What now? Nothing."),
    ],
)
def test_what_must_not_be_read_is_taken_out(text: str, shown: str) -> None:
    mask = Mask()
    mask.add("hunter2", "password")
    mask.add("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "registry")
    mask.add("", "nothing")
    mask.add_word("", "nothing")
    mask.add_word("mia", "mia")

    assert mask(text) == shown


def account(arn: str) -> Account:
    return Account(
        id="123456789012",
        arn=arn,
        region="eu-central-1",
        price=7,
        session=None,
        lasting=Lifetime(is_endless=True),
    )


def test_no_report_says_who_ran_it_and_where() -> None:
    arn = "arn:aws:sts::123456789012:assumed-role/Admin/alice@example.com"
    mask = account(arn).mask()

    assert mask(f"User: {arn} is not authorized") == "User: <caller> is not authorized"
    assert mask("alice@example.com at 123456789012") == "<caller> at <account>"
    assert mask(f'File "{ROOT}/app.py"') == 'File "<checkout>/app.py"'


def test_who_has_no_name_takes_no_word_away() -> None:
    mask = account("arn:aws:iam::123456789012:root").mask()

    assert mask("the root of arn:aws:iam::123456789012:root") == "the root of <caller>"
