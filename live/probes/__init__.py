"""The questions, each put with the fewest calls that answer it."""
