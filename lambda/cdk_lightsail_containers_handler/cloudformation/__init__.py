"""CloudFormation's requests, answers and stacks."""
