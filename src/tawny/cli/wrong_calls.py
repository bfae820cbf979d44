"""What the library of the command line says of a wrong call, without the full stop."""

from __future__ import annotations

from tawny.foreign import ForeignSentences

WRONG_CALLS = ForeignSentences(
    "No such command {name}. Did you mean {names}?",
    "No such command {name}",
    "No such option: {name} (Possible options: {names})",
    "No such option: {name}",
    "Missing argument {name}",
    "Missing option {name}",
    "Missing command",
    "Option {name} requires an argument",
    "Option {name} does not take a value",
    "Got unexpected extra argument(s) ({arguments})",
    "Invalid value for {name}: {reason}",
    "Invalid value: {reason}",
    "Input should be a valid integer, unable to parse string as an integer",
    "Value error, {value} is not one of {names}",
)
