"""Verbs, one transaction a call: (session, …, *, now)."""
