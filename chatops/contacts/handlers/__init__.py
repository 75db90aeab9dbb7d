"""Rosters and presence on the wire."""
