"""Intercom as a source, by its API; docs/sources/intercom.md says what becomes what."""
