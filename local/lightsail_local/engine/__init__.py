"""CloudFormation and Lambda, on ministack."""
