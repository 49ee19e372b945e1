"""How the local Lightsail behaves, and how it fails."""
