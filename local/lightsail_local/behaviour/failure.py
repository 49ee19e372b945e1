"""The ways in which the local Lightsail lets a deployment fail."""

from __future__ import annotations

from typing import Literal

Failure = Literal["crash", "health_check", "took_too_long"]

# An image whose config has this label, with a `Failure`, fails in that way when it is deployed.
FAILS_LABEL = "lightsail-local.fails"
# https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
DESCRIPTION_LABEL = "org.opencontainers.image.description"
