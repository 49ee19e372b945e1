"""The rules for where secrets are kept, which never show what was handed in instead."""

PARAMETER = "an IParameter such as ssm.StringParameter"
SECRET = "an ISecret such as secretsmanager.Secret"  # nosec B105  # noqa: S105 - a name


def check_parameter(parameter: object, what: str) -> None:
    """Raise the `ValueError` that says what a parameter of SSM must be."""
    if not is_parameter(parameter):
        raise ValueError(_instead_of(f"{what} must be {PARAMETER}", parameter))


def check_secret(secret: object, what: str) -> None:
    """Raise the `ValueError` that says what a secret of AWS Secrets Manager must be."""
    if not is_secret(secret):
        raise ValueError(_instead_of(f"{what} must be {SECRET}", secret))


def is_parameter(value: object) -> bool:
    """Return whether a value is a parameter of SSM."""
    return hasattr(value, "parameter_arn")


def is_secret(value: object) -> bool:
    """Return whether a value is a secret of AWS Secrets Manager."""
    return hasattr(value, "secret_arn")


def _instead_of(rule: str, value: object) -> str:
    # Not the value: it may be the secret itself.
    return f"{rule}, not what is in it, got a value of type {type(value).__name__!r}"
