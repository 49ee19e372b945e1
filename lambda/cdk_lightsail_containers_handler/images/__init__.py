"""Images: pushed, registered, removed."""
