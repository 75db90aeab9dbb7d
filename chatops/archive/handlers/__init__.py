"""Archives on the wire."""
