"""Prints what stacks may do beside what they do: `python -m reliability.permissions [--write]`."""
