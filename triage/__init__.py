"""Triage: turns what people say about a product into issues, and tells them what became of it."""

__version__ = "0.1.0"
