"""The web page that shows what happens in the local Lightsail."""
