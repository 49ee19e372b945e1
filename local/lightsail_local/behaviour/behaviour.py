"""How the local Lightsail behaves where AWS does not document the real one.

AWS does not document what the switches decide, so a program has to work on both sides of each:
U1 to U14, and D1 to D9 for domains, number these unknowns. The defaults are the likelier side.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from .failure import Failure

_T = TypeVar("_T")


@dataclass(kw_only=True)
class Behaviour:
    """The switches, times and quotas of a local Lightsail; may be changed while it runs.

    Args:
        register_again: U1, the same digest and label registered twice gives a new number, or the
            image that is there.
        reuse_numbers: U2, whether the number of a deleted image is given out again.
        delete_in_use: U3, what becomes of DeleteContainerImage for an image of the current or the
            next deployment.
        missing_service: U4, what becomes of a call for a service that does not exist.
        missing_digest: U4, RegisterContainerImage of a digest that was not pushed.
        other_platforms: U4, RegisterContainerImage of an index, or of an image that is not
            linux/amd64.
        manifest_reads: U5, HEAD and GET of a manifest in the registry: 200, 403 or 404.
        blob_uploads: U6, whether an upload takes PATCH, or the whole blob in one PUT only.
        locations: U6, whether the registry's Location headers are paths or whole addresses.
        upload_host: U6, whether uploads go to the registry's own port, or to another one whose
            Locations are signed. That one refuses credentials, as S3 does with signed addresses,
            so a client that hands them to any host is found out.
        media_types: U7, which manifests the registry takes.
        zstd_layers: U7, whether it takes layers compressed with zstd.
        unregistered_seconds: U8, how long the registry keeps what was pushed and not registered.
        busy_service: U9, whether RegisterContainerImage, DeleteContainerImage and
            CreateContainerServiceRegistryLogin work while the service is PENDING, UPDATING or
            DEPLOYING. A login is for all services of an account, so it is refused when every one
            of them is busy.
        latest: U10, an image `:service.label.latest` in a deployment is refused, kept as it is
            written, or becomes the newest image's name.
        order: U11, of images, deployments, certificates and DNS entries in answers.
        stale_seconds: U12, reads show the state as it was that many seconds ago.
        blob_mount: U13, whether mounting a blob that is there succeeds, or asks for an upload.
        throttle_every: U14, every nth call answers ThrottlingException, 0 for none.
        calls_per_second: U14, how many calls there may be in the long run, of all operations
            together, 0 for any number; one more answers ThrottlingException.
        calls_at_once: U14, how many there may be at once after a pause.
        validates_itself: D1, whether Lightsail writes the validation records of a certificate into
            a DNS zone of its own by itself, which AWS documents as "can".
        removes_own_records: D2, whether it removes those with the certificate.
        shown_entries: D3, whether GetDomain shows entries as they were written, or with final dots
            and TXT without quotes.
        second_alias: D4, what becomes of a second A entry of a name.
        same_txt: D5, what becomes of a TXT entry that is there already.
        delete_entry_by: D6, whether DeleteDomainEntry goes by everything, or by the id.
        missing_certificate: D7, what GetCertificates answers for a name that is not there: one of
            two errors, or no certificate.
        validation_records: D8, whether the validation records of a domain name are the same in each
            certificate of an account.
        records_seconds: D8, how long a new certificate does not show its validation records.
        stale_domain_seconds: D9, reads of certificates and DNS zones show the state as it was that
            many seconds ago.
        service_seconds: how long a service is PENDING, UPDATING or DELETING.
        deployment_seconds: how long a deployment is ACTIVATING, a third of it in each stage:
            CREATING_DEPLOYMENT, EVALUATING_HEALTH_CHECK, ACTIVATING_DEPLOYMENT.
        certificate_seconds: how long it takes to issue a certificate once its records are found.
        health_check_second: how long a second between two health checks takes where containers
            run, in seconds.
        longest_start_seconds: how long containers may take to become healthy where they run.
        failing_images: how the deployment of an image becomes FAILED, by the image as a deployment
            writes it: its container crashes, fails its health check or takes too long. An image in
            this registry says so itself, by the label `lightsail-local.fails` of its config.
        login_seconds: how long a registry login is valid.
        stored_images: how many images a service can have.
        container_services: how many services an account can have.
        containers_per_deployment: how many containers a deployment can have.
        kept_deployments: how many deployments a service remembers.
        kept_log_seconds: how long a container's log is kept.
        log_page_size: how many events GetContainerLog answers at once.
    """

    register_again: Literal["new", "old"] = "new"
    reuse_numbers: bool = False
    delete_in_use: Literal["refused", "done"] = "refused"
    missing_service: Literal["NotFoundException", "InvalidInputException"] = "NotFoundException"
    missing_digest: Literal["refused", "accepted"] = "refused"
    other_platforms: Literal["refused", "accepted"] = "accepted"
    manifest_reads: Literal["answered", "denied", "not_found"] = "denied"
    blob_uploads: Literal["monolithic", "chunked"] = "chunked"
    locations: Literal["relative", "absolute"] = "absolute"
    upload_host: Literal["same", "other"] = "same"
    media_types: Literal["docker", "docker_and_oci"] = "docker_and_oci"
    zstd_layers: bool = True
    unregistered_seconds: float = 3600
    busy_service: Literal["works", "refused"] = "works"
    latest: Literal["refused", "echoed", "resolved"] = "refused"
    order: Literal["oldest_first", "newest_first", "shuffled"] = "newest_first"
    stale_seconds: float = 0
    blob_mount: Literal["created", "upload"] = "upload"
    throttle_every: int = 0
    calls_per_second: int = 0
    calls_at_once: int = 20

    validates_itself: bool = False
    removes_own_records: bool = False
    shown_entries: Literal["as_written", "with_dots"] = "as_written"
    second_alias: Literal["refused", "accepted"] = "refused"
    same_txt: Literal["accepted", "refused"] = "accepted"
    delete_entry_by: Literal["everything", "id"] = "everything"
    missing_certificate: Literal["not_found", "invalid", "none"] = "not_found"
    validation_records: Literal["same", "different"] = "same"
    records_seconds: float = 0.5
    stale_domain_seconds: float = 0

    # Real services and deployments take minutes; no one would wait for that here. They are not 0,
    # so that a program that never waits fails.
    service_seconds: float = 1
    deployment_seconds: float = 2
    certificate_seconds: float = 1
    health_check_second: float = 0.2
    longest_start_seconds: float = 300
    failing_images: dict[str, Failure] = field(default_factory=dict)

    login_seconds: float = 12 * 60 * 60
    stored_images: int = 150
    container_services: int = 20
    containers_per_deployment: int = 10
    kept_deployments: int = 50
    kept_log_seconds: float = 4 * 24 * 60 * 60
    log_page_size: int = 100

    def ordered(self, items: list[_T]) -> list[_T]:
        """Return items, oldest first, in the order of answers: U11."""
        if self.order == "shuffled":
            return secrets.SystemRandom().sample(items, len(items))
        return items[::-1] if self.order == "newest_first" else items
