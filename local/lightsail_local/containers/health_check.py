"""Health checks, as Lightsail makes them.

https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/API_ContainerServiceHealthCheckConfig.html
"""

from __future__ import annotations

import http.client
import re
import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..lightsail.runtime import Health


def check_health(port: int, health_check: Mapping[str, Any]) -> tuple[Health, str]:
    """Ask a container for its health.

    Args:
        port: the port of this computer that leads to it.
        health_check: the health check, in the API's shape and complete.

    Returns:
        Its health, and what it answered, in a few words.
    """
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=health_check["timeoutSeconds"]
    )
    # Only what no request line can hold is encoded: a path may be so already, or have a query.
    path = quote(health_check["path"], safe=string.punctuation)
    try:
        connection.request("GET", path, headers={"User-Agent": "lightsail-local"})
        status = connection.getresponse().status
    except TimeoutError:
        return "unhealthy", f"no answer in {health_check['timeoutSeconds']:g} seconds"
    except (OSError, http.client.HTTPException):
        # An engine may listen for a container that does not, and then ends the connection.
        return "silent", "does not listen"
    finally:
        connection.close()
    is_healthy = is_success(status, health_check["successCodes"])
    return "healthy" if is_healthy else "unhealthy", str(status)


def is_success(status: int, codes: str) -> bool:
    """Return whether a status is one of `200`, `200,301` or `200-299`."""
    ranges = re.findall(r"(\d+)(?:-(\d+))?", codes)
    return any(int(first) <= status <= int(last or first) for first, last in ranges)
