"""What things are called on the pages. Keys are the program's, texts are English message ids."""

from __future__ import annotations

from tawny.exports.formats import registry
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.text import N_

EXPORTS = {name: query(name).head.title for name in EXPORT_TYPES}

PRESETS = {
    "today": N_("Today"),
    "yesterday": N_("Yesterday"),
    "this-week": N_("This week"),
    "this-month": N_("This month"),
    "month-to-date": N_("Month to date"),
    "last-7-days": N_("Last 7 days"),
    "last-30-days": N_("Last 30 days"),
    "last-week": N_("Last week"),
    "last-month": N_("Last month"),
    "last-quarter": N_("Last quarter"),
    "custom": N_("Custom"),
}

FORMATS = {one.name: one.label for one in sorted(registry.FORMATS, key=lambda one: one.place)}

DIALECTS = {
    one.dialect.name: one.dialect.label
    for one in sorted(registry.FORMATS, key=lambda one: not one.is_guarded)
    if len(registry.dialects_of(one.name)) > 1
}
"""Those for spreadsheets first."""

HEADERS = {
    "en": N_("English"),
    "fr": N_("French"),
    "hootdesk-fr": N_("French, with Hootdesk's headers"),
    "key": N_("Machine names"),
}

ENGINES = {"duckdb": "DuckDB", "spark": "Spark"}
"""What computes the rows of an export: names, the same in every language."""

STATES = {
    "queued": N_("Queued"),
    "running": N_("Running"),
    "ready": N_("Ready"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
    "expired": N_("File deleted"),
}

PHASES = {
    "starting": N_("Starting"),
    "collecting": N_("Collecting events"),
    "querying": N_("Writing rows"),
    "finishing": N_("Checking the file"),
}

LOOK_AT = {
    "contacts": N_("Sort by the number of conversations to see who writes most."),
    "contact-attributes": N_("Search for an attribute to see its values."),
    "open-conversations": N_("Sort by the day of creation to see what has waited longest."),
    "virtual-agents": N_("Compare resolved and transferred conversations of each virtual agent."),
}
"""Of types without a chart: what to look at in the table."""

ROLES = {
    "administrator": N_("Administrator"),
    "supervisor": N_("Supervisor"),
}

SCOPES = {
    "events:write": N_("Send events"),
    "exports:read": N_("Read exports"),
    "exports:write": N_("Run exports"),
    "schedules:write": N_("Save and schedule exports"),
    "metrics:read": N_("Read metrics"),
    "admin": N_("Administer"),
}

THEMES = {
    "system": N_("As the device"),
    "light": N_("Light"),
    "dark": N_("Dark"),
}

COLUMN_TYPES = {
    "id": N_("identifier"),
    "identifier": N_("text"),
    "text": N_("text"),
    "enum": N_("list of values"),
    "url": N_("link"),
    "timestamp": N_("date and time"),
    "duration": N_("duration"),
    "integer": N_("whole number"),
    "percent": N_("percentage"),
    "boolean": N_("true or false"),
    "id-list": N_("list of identifiers"),
    "text-list": N_("list of texts"),
}

MEDIA = {
    "twitter": "Twitter",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "whatsapp": "WhatsApp",
    "linkedin": "LinkedIn",
    "sms": "SMS",
    "email": N_("E-mail"),
    "webchat": N_("Web chat"),
    "web_chat": N_("Web chat"),
    "reviews": N_("Reviews"),
    "chat": N_("Chat"),
}
"""Media people send about; another one is shown by its id."""

KNOWN_BY = {
    "watermark": N_("its watermark"),
    "newest": N_("its newest event"),
    "rhythm": N_("its rhythm"),
}
"""By what it is known up to when a channel is complete."""

FREQUENCIES = {
    "hourly": N_("Every hour"),
    "daily": N_("Every day"),
    "weekly": N_("Every week"),
    "monthly": N_("Every month"),
}

CONTENTS = {
    "setting": N_("As the settings say"),
    "yes": N_("Always"),
    "no": N_("Never"),
}
"""Whether the texts of messages are written into files of a schedule."""

DELIVERY_STATES = {
    "waiting": N_("Waiting"),
    "running": N_("On its way"),
    "delivered": N_("Delivered"),
    "failed": N_("Failed, is tried again"),
    "given_up": N_("Given up"),
    "skipped": N_("Left out"),
}

ERASURES = {
    "due": N_("A contact in it was erased: it is taken back when its next revision is there."),
    "followed": N_("A contact in it was erased: taken back."),
    "sent": N_("A contact in it was erased: mail that was sent cannot be taken back."),
    "gone": N_("A contact in it was erased: the destination was removed, it may still lie there."),
}
"""What becomes of delivered files with somebody who was erased since."""

DELIVERY_LOOKS = {"delivered": "ready", "running": "running", "failed": "failed",
                  "given_up": "failed"}  # fmt: skip
"""The look of a state, where it is one that runs have too."""

DESTINATION_KINDS = {
    "folder": N_("Folder"),
    "sftp": "SFTP",
    "object_store": N_("Object store"),
    "mail": N_("E-mail"),
    "webhook": "Webhook",
    "database": N_("Database"),
}

LINKS = {
    "beyond": N_("to files that are too large to be attached"),
    "always": N_("to every file, and nothing is attached"),
    "signed": N_("to files that are too large, without signing in"),
}
"""When a mail has a link."""

DESTINATION_FIELDS = {
    "path": N_("Folder on the server"),
    "url": N_("Address"),
    "to": N_("Recipients"),
    "template": N_("Names of the files"),
    "org": N_("{org} stands for"),
    "folder": N_("{folder} stands for"),
    "password": N_("Password"),
    "private_key": N_("Private key"),
    "access_key": N_("Access key"),
    "secret_key": N_("Secret key"),
    "attach_mb": N_("Attached up to (MB)"),
    "link": N_("A link"),
    "link_days": N_("Days a link without signing in works"),
    "signing_secret": N_("Signing secret"),
    "host_key": N_("Host key"),
    "endpoint": N_("Endpoint"),
    "region": N_("Region"),
    "account": N_("Account name"),
    "schema": N_("Schema"),
}
"""What is set of destinations; what has no label here is shown by its name."""
