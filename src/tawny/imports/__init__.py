"""Readers of other systems' files: each turns one layout into events of docs/events.md.

An import writes plain event lines (newline-delimited JSON), nothing else: what it gives goes
through the same validator as every other event.
"""
