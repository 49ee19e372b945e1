"""Calls to AWS: repeated, bounded and checked."""
