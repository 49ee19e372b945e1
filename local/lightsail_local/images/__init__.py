"""Images: manifests, configs and blobs."""
