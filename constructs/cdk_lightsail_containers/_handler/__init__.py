"""The function behind the resources: its code, its permissions, and what checks say of it."""
