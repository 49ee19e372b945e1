"""HTTP on the wire, and the faults that it can have."""
