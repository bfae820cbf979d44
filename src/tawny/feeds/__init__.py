"""The change feed: what is other in an export than it was, for who keeps a copy of its rows."""
