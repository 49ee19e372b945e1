"""The registry that Lightsail's plugin pushes to."""
