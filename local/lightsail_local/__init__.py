"""A local cloud: Lightsail's container API, its registry, and an engine that runs `cdk deploy`."""
