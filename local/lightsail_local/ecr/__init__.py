"""Amazon ECR's registry, which `cdk deploy` pushes to and functions pull from."""
