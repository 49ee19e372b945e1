"""Containers that run: the engine on this computer, deployments, and the URLs that answer."""
