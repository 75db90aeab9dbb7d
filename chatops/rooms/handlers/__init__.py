"""Rooms on the wire."""
