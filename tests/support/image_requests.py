"""Requests for images to the handler before a local Lightsail, and what comes of them."""

from stack_requests import Stack


def reason(answer: dict[str, str]) -> str:
    """The reason of an answer that says that the request failed."""
    assert answer["Status"] == "FAILED"
    assert len(answer["Reason"]) <= 240
    return answer["Reason"]


def deploy(stack: Stack, image: str) -> None:
    """Deploy an image as another user does, and do not wait."""
    stack.client().create_container_service_deployment(
        serviceName="shop", containers={"web": {"image": image}}
    )
