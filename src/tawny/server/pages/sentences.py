"""How a page says what commands and the API say with the names of their fields."""

from __future__ import annotations

from tawny.text import N_, Text

PAGE_SENTENCES = {
    "channels: found {count}; allowed at most {most}; make groups of them": N_(
        "These are {count} channels; allowed are at most {most}; make groups of them"
    ),
    "email: found {address!r}; allowed an address such as anna@example.com, or nothing": N_(
        "{address!r} is no e-mail address; write one such as anna@example.com, or nothing"
    ),
    "mail: found true, but {why}": N_("You cannot be told by mail: {why}"),
    "name: found {count} characters; allowed 1 to {longest}": N_(
        "This name has {count} characters; allowed are 1 to {longest}"
    ),
    "name: found letters of several scripts ({scripts}), some of which look the same; "
    "allowed letters of one": N_(
        "This name has letters of several scripts ({scripts}), some of which look the same; "
        "use those of one"
    ),
    "name: {name!r} is taken; choose another": N_("The name {name!r} is taken; choose another"),
    "name: {name!r} looks like {other!r}, which is taken; choose another": N_(
        "The name {name!r} looks like {other!r}, which is taken; choose another"
    ),
    "name: found {name!r}, which is taken; choose another": N_(
        "The name {name!r} is taken; choose another"
    ),
    "name: found nothing or too much; allowed 1 to 128 characters": N_(
        "Give it a name of 1 to 128 characters"
    ),
    "name: found nothing or too much; allowed 1 to 255 characters": N_(
        "Give it a name of 1 to 255 characters"
    ),
    "{field}: found the character U+{code} ({what}), which cannot be seen; leave it out": N_(
        "There is a character that cannot be seen, U+{code} ({what}); leave it out"
    ),
    "password: found {count} characters; allowed {shortest_password} to {longest_password}": N_(
        "This password has {count} characters; allowed are {shortest_password} to "
        "{longest_password}"
    ),
    "scopes: found none; allowed: {allowed}": N_("Choose what the token is for, at least one"),
    "expires: found a time in the past; allowed a later one": N_(
        "The token would have expired already; choose a later time"
    ),
    "from: found {start} to {end}, which the clocks of {zone} skip: they go from {before} "
    "to {after} there; begin earlier or end later": N_(
        "{start} to {end} is an hour that the clocks of {zone} skip: they go from {before} to "
        "{after} there; begin earlier or end later"
    ),
    "from: found {start}, which is not before to ({end}); the range holds what happens "
    "at from and later, and before to": N_("The start, {start}, is not before the end, {end}"),
    "from: found {start} to {end}, in which no whole range of this schedule ({every}) lies that "
    "is over": N_("No whole range of this schedule that is over lies between {start} and {end}"),
    "path: found {path}; allowed a path below one of {allowed} (TAWNY_DELIVERY_FOLDERS)": N_(
        "{path} is not below one of the folders that TAWNY_DELIVERY_FOLDERS allows: {allowed}"
    ),
    "path: found {path}; TAWNY_DELIVERY_FOLDERS allows no folder yet, whoever runs Tawny sets "
    "it": N_("{path} cannot be used yet: whoever runs Tawny sets TAWNY_DELIVERY_FOLDERS first"),
    "template: found {template!r} at {destination}, by which two files would be called {name}: "
    "{one} and {other}; a template such as {{from}} tells ranges apart, {{type}} types": N_(
        "By the names that {destination} gives, {template!r}, two files would be called {name}: "
        "{one} and {other}; {{from}} tells ranges apart, {{type}} exports"
    ),
    "template: found {template!r} at {destination}, by which a file of this schedule and one of "
    "the schedule {schedule} would both be called {name}: {one} and {other}; a template with "
    "{{schedule}}, or another destination, tells them apart": N_(
        "By the names that {destination} gives, {template!r}, a file of this schedule and one of "
        "the schedule {schedule} would both be called {name}: {one} and {other}; {{schedule}} in "
        "the names, or another destination, tells them apart"
    ),
    "run: found {count}; tick two exports to compare": N_(
        "Tick two exports to compare; these are {count}"
    ),
    "{name}: found {first!r} of the one and {second!r} of the other; compared are files of the "
    "same export, range, time zone and channels": N_(
        "These are not of the same: {first!r} and {second!r}. Compared are files of the same "
        "export, range, time zone and channels"
    ),
    "from: found {start} to {end}, after which there is no period": N_(
        "No period follows {start} to {end}"
    ),
    "from: found {start} to {end}, before which there is no period": N_(
        "No period precedes {start} to {end}"
    ),
}
"""By the sentence of an error; the values are the same."""


def on_page(text: Text | str) -> Text | str:
    """An error's sentence as a page says it."""
    if isinstance(text, Text) and text.template in PAGE_SENTENCES:
        return Text(PAGE_SENTENCES[text.template], **text.values)
    return text
