"""Up to when the log is complete, channel by channel: the rule, and reading what it needs."""
