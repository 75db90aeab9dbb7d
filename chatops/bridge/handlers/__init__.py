"""The XEPs without tables of their own, one a file."""
