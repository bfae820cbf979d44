"""Zendesk Support as a source, by its API; docs/sources/zendesk.md says what becomes what."""
