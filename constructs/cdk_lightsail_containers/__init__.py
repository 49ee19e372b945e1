"""AWS CDK constructs for container images in Amazon Lightsail container services."""
