"""What the library of the command line says of a wrong call, without the full stop."""

from __future__ import annotations

from tawny.library_messages import LibraryMessages

WRONG_CALLS = LibraryMessages(
    "No such command {name}. Did you mean {names}?",
    "No such command {name}. (Did you mean one of: {names}?)",
    "No such command {name}",
    "No such option {name}. Did you mean {names}?",
    "No such option {name}. (Did you mean one of: {names}?)",
    "No such option {name}",
    "Missing argument {name}",
    "Missing option {name}",
    "Missing command",
    "Option {name} requires an argument",
    "Option {name} does not take a value",
    "Got unexpected extra arguments ({arguments})",
    "Got unexpected extra argument ({arguments})",
    "Invalid value for {name}: {reason}",
    "Invalid value: {reason}",
    "{value} is not a valid integer",
    "{value} is not one of {names}",
)
