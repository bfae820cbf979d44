"""What Chatwoot's numbers mean, as its models name them."""

from __future__ import annotations

STATUSES = {0: "open", 1: "resolved", 2: "pending", 3: "snoozed"}

INCOMING, OUTGOING, ACTIVITY, TEMPLATE = 0, 1, 2, 3
MESSAGE_TYPES = {0: "incoming", 1: "outgoing", 2: "activity", 3: "template"}

CSAT = 9
CONTENT_TYPES = {
    0: "text", 1: "input_text", 2: "input_textarea", 3: "input_email", 4: "input_select",
    5: "cards", 6: "form", 7: "article", 8: "incoming_email", 9: "input_csat",
    10: "integrations", 11: "sticker", 12: "voice_call",
}  # fmt: skip

FILE_TYPES = {
    0: "image", 1: "audio", 2: "video", 3: "file", 4: "location", 5: "fallback", 6: "share",
    7: "story_mention", 8: "contact", 9: "ig_reel", 10: "ig_post", 11: "ig_story", 12: "embed",
}  # fmt: skip

FAILED = 3

MEDIA = {
    "WebWidget": "webchat", "Api": "api", "Email": "email", "FacebookPage": "facebook",
    "Instagram": "instagram", "TwitterProfile": "twitter", "TwilioSms": "sms",
    "Whatsapp": "whatsapp", "Sms": "sms", "Telegram": "telegram", "Line": "line",
    "Voice": "voice", "Tiktok": "tiktok",
}  # fmt: skip
"""The medium of an inbox by the class of its channel."""

TWILIO_MEDIA = {0: "sms", 1: "whatsapp"}

PHONE_FIRST = frozenset({"whatsapp", "sms", "voice"})
"""Media of which a contact is known by the phone number rather than by the e-mail address."""

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""`working_hours.day_of_week`."""

CONVERSATION_ATTRIBUTE, CONTACT_ATTRIBUTE = 0, 1

LOCALES = (
    "en", "ar", "nl", "fr", "de", "hi", "it", "ja", "ko", "pt", "ru", "zh", "es", "ml", "ca",
    "el", "pt_BR",
)  # fmt: skip
"""The first languages of `accounts.locale`, in their order; of others the sentences of all
languages are tried."""

SURVEY_DAYS = 14
"""So long a survey takes an answer."""
