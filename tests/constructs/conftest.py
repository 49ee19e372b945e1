"""Stacks to build in."""

import pytest
from aws_cdk import App, Environment, Stack

# What `cdk init` sets in every new app: statements for the same resource become one.
CONTEXT = {"@aws-cdk/aws-iam:minimizePolicies": True}


@pytest.fixture
def stack() -> Stack:
    """A stack whose account and Region are known only when it is deployed."""
    return Stack(App(context=CONTEXT), "Stack")


@pytest.fixture
def placed_stack() -> Stack:
    """A stack of a certain account and Region."""
    environment = Environment(account="111122223333", region="eu-central-1")
    return Stack(App(context=CONTEXT), "Stack", env=environment)
