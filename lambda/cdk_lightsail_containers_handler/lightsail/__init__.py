"""The Lightsail API: its client, its failures, its answers."""
