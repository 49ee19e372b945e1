"""Sample images, and a registry that has them."""
