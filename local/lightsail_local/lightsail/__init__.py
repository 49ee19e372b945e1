"""Lightsail's container services and their API."""
