"""Chatwoot, read from its PostgreSQL database (docs/sources/chatwoot.md)."""
