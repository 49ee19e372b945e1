"""HTTP for registries: connections, requests, responses."""
