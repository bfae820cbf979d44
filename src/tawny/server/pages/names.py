"""What things are called on the pages. Keys are the program's, texts are English message ids."""

from __future__ import annotations


def N_(text: str) -> str:
    """Marks a text for the catalogue where it is written but not yet shown."""
    return text


EXPORT_TYPES = {
    "resolved-conversations": N_("Resolved conversations"),
    "open-conversations": N_("Open conversations"),
    "messages": N_("Messages"),
    "teams": N_("Teams"),
    "contacts": N_("Contacts"),
    "topics": N_("Topics"),
    "tags": N_("Tags"),
    "user-presence": N_("User presence"),
    "users": N_("Users"),
    "response-times": N_("Response times"),
    "virtual-agents": N_("Virtual agents"),
    "contact-attributes": N_("Contact attributes"),
}

PRESETS = {
    "today": N_("Today"),
    "yesterday": N_("Yesterday"),
    "last-7-days": N_("Last 7 days"),
    "last-week": N_("Last week"),
    "last-month": N_("Last month"),
    "last-quarter": N_("Last quarter"),
    "custom": N_("Custom"),
}

FORMATS = {
    "csv": N_("CSV"),
    "xlsx": N_("Excel (XLSX)"),
    "parquet": N_("Parquet"),
    "jsonl": N_("JSON lines"),
}

DIALECTS = {
    "machine": N_("Programs: exact values"),
    "excel": N_("Spreadsheets: no live formulas"),
}

HEADERS = {
    "en": N_("English"),
    "fr": N_("French"),
    "hootdesk-fr": N_("French, as in the original article"),
    "key": N_("Machine names"),
}

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

ROLES = {
    "administrator": N_("Administrator"),
    "supervisor": N_("Supervisor"),
}

SCOPES = {
    "events:write": N_("Send events"),
    "exports:read": N_("Read exports"),
    "exports:write": N_("Run exports"),
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
    "text": N_("text"),
    "enum": N_("one of a few words"),
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
