"""What the web framework says of a wrong request."""

from __future__ import annotations

from tawny.foreign import ForeignSentences

FRAMEWORK = ForeignSentences(
    "Expected `{expected}`, got `{found}` - at `{place}`",
    "Expected `{expected}`, got `{found}`",
    "Expected `{expected}` of length {bounds} - at `{place}`",
    "Expected `{expected}` of length {bounds}",
    "Expected `{expected}` matching regex {pattern}",
    "Expected `{expected}` {bounds}",
    "Invalid enum value {value} - at `{place}`",
    "Invalid enum value {value}",
    "Object missing required field `{name}`",
    "Object contains unknown field `{name}`",
    "Input data was truncated",
    "JSON is malformed: {reason}",
    "Integer value out of range",
    "Validation failed for {method} {path}",
    "Method Not Allowed",
    "Not Found",
)
