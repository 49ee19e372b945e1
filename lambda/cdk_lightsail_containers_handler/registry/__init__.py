"""An OCI distribution client: finds an image in one registry and copies it to another.

copy -> repository -> pull, upload -> transport -> connection, login
login -> auth -> url;   and reference, manifest, url, errors import no I/O

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
"""
