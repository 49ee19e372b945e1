"""An OCI distribution client: finds an image in one registry and copies it to another.

copy -> found_image -> blob_copy -> upload -> repository -> login, pull -> transport
     -> connection, request
without I/O: auth, manifest -> descriptor -> errors; reference -> url

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
"""
