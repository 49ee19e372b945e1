"""Domains of a service: certificates that are validated, and DNS records."""
