"""Whom to trust on the network."""

from __future__ import annotations

import ssl
from functools import cache

import certifi


@cache
def trusting() -> ssl.SSLContext:
    """Return what verifies certificates, also where Python itself finds no roots.

    It takes a moment to read them, so that is done once.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
