"""The main job, shown on the local cloud: `make demo`."""
