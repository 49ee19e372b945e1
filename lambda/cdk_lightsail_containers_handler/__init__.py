"""The function behind the custom resources of cdk-lightsail-containers."""
