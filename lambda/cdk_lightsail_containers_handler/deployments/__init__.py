"""Deployments: rolled out, and why they fail."""
