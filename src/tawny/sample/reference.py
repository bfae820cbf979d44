"""What the centre consists of: channels, teams, virtual agents, topics, tags, and their changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FRENCH_HOLIDAYS = ("01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25")
BRITISH_HOLIDAYS = ("01-01", "12-25", "12-26")
BELGIAN_HOLIDAYS = ("01-01", "05-01", "07-21", "08-15", "11-01", "11-11", "12-25")

Windows = tuple[tuple[str, str], ...]
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Hours:
    """Opening hours as a channel announces them; holidays are `MM-DD` of every year."""

    zone: str
    weekdays: Windows
    saturday: Windows = ()
    sunday: Windows = ()
    holidays: tuple[str, ...] = ()

    def on(self, day: date) -> Windows:
        """The windows that start on a local date."""
        if f"{day:%m-%d}" in self.holidays:
            return ()
        return (*(self.weekdays,) * 5, self.saturday, self.sunday)[day.weekday()]

    def as_event(self, years: range) -> dict[str, object]:
        """The `business_hours` of `channel.saved`, holidays of `years` written out."""
        week = dict(zip(WEEK, (*(self.weekdays,) * 5, self.saturday, self.sunday), strict=True))
        return {
            "time_zone": self.zone,
            "weekly": {day: windows for day, windows in week.items() if windows},
            "holidays": [f"{year}-{day}" for year in years for day in self.holidays],
        }

    def opened(self, day: date) -> list[tuple[int, int]]:
        """The windows of a local date as instants, milliseconds in UTC."""
        zone = ZoneInfo(self.zone)
        return [(local_ms(day, a, zone), local_ms(day, b, zone)) for a, b in self.on(day)]


def local_ms(day: date, clock: str, zone: ZoneInfo) -> int:
    """`HH:MM` on a local date as milliseconds since 1970; `24:00` and later mean the next day."""
    hour, minute = int(clock[:2]), int(clock[3:])
    shown = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute), zone)
    return int(shown.astimezone(UTC).timestamp()) * 1000


@dataclass(frozen=True)
class SimulatedChannel:
    """One account of the brand on one medium, and how people behave there."""

    id: str
    medium: str
    name: str
    display_name: str | None
    hours: Hours | None
    weight: int  # share of the conversations
    team: str
    languages: str  # one letter per share: f, e, n
    has_bot: bool = False
    pace_min: float = 8.0  # median minutes until a contact answers
    handle: str = ""  # how contacts address the brand in a public post
    message_type: str = "message"
    post_url: str = ""
    surveys: float = 0.35

    def saved(self, years: range, *, renamed: bool = False) -> str:
        """Data of its `channel.saved`; renamed, it also opens on Sunday mornings."""
        fields: dict[str, object] = {
            "channel_id": self.id,
            "medium": self.medium,
            "name": f"{self.name} 2" if renamed else self.name,
        }
        if self.display_name is not None:
            fields["display_name"] = self.display_name
        if self.hours is not None:
            hours = self.hours.as_event(years)
            if renamed:
                weekly = hours["weekly"]
                assert isinstance(weekly, dict)
                weekly["sun"] = (("10:00", "12:30"),)
            fields["business_hours"] = hours
        elif self.id == "ch-reviews":
            fields["business_hours"] = None
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[1:-1]


SHOP = Hours(
    "Europe/Paris",
    (("08:00", "20:00"),),
    (("09:00", "18:00"),),
    holidays=FRENCH_HOLIDAYS,
)
OFFICE = Hours("Europe/Paris", (("09:00", "12:30"), ("13:30", "18:00")), holidays=FRENCH_HOLIDAYS)
LONDON = Hours(
    "Europe/London",
    (("08:00", "19:00"),),
    (("09:00", "17:00"),),
    (("10:00", "16:00"),),
    holidays=BRITISH_HOLIDAYS,
)
LONDON_OFFICE = Hours("Europe/London", (("08:30", "17:30"),), holidays=BRITISH_HOLIDAYS)
BRUSSELS = Hours(
    "Europe/Brussels",
    (("10:00", "24:00"),),
    (("12:00", "24:00"),),
    holidays=BELGIAN_HOLIDAYS,
)

CHANNELS = (
    SimulatedChannel(
        "ch-tw-fr", "twitter", "tawny_fr", "Tawny Mobilier", SHOP, 12, "social", "ffffffffen",
        pace_min=14, handle="TawnyMobilier", message_type="tweet",
        post_url="https://social.example/tawny_fr/status/", surveys=0.1,
    ),
    SimulatedChannel(
        "ch-tw-uk", "twitter", "tawny_uk", "Tawny Home UK", LONDON, 10, "uk", "eeeeeeeeef",
        pace_min=12, handle="TawnyHomeUK", message_type="tweet",
        post_url="https://social.example/tawny_uk/status/", surveys=0.1,
    ),
    SimulatedChannel(
        "ch-fb-fr", "facebook", "Tawny France", "Tawny Mobilier", SHOP, 11, "social", "fffffffffe",
        pace_min=16, message_type="private_message",
    ),
    SimulatedChannel(
        "ch-fb-be", "facebook", "Tawny België / Belgique", None, BRUSSELS, 5, "social",
        "nnnnnnffff", pace_min=16, message_type="comment",
        post_url="https://pages.example/tawny-be/posts/", surveys=0.1,
    ),
    SimulatedChannel(
        "ch-ig-fr", "instagram", "tawny.maison", "Tawny Maison", SHOP, 8, "social", "fffffffeee",
        pace_min=11, handle="tawny.maison", message_type="comment",
        post_url="https://photos.example/p/", surveys=0.1,
    ),
    SimulatedChannel(
        "ch-wa", "whatsapp", "+33 1 99 00 12 34", "Tawny WhatsApp", None, 18, "fr", "ffffffeeen",
        has_bot=True, pace_min=5, surveys=0.5,
    ),
    SimulatedChannel(
        "ch-chat-fr", "web_chat", "Chat tawny.example/fr", "Chat France", SHOP, 12, "fr",
        "ffffffffff", has_bot=True, pace_min=1.5, message_type="text", surveys=0.55,
    ),
    SimulatedChannel(
        "ch-chat-uk", "web_chat", "Chat tawny.example/uk", "Chat UK", LONDON, 9, "uk",
        "eeeeeeeeee", has_bot=True, pace_min=1.5, message_type="text", surveys=0.55,
    ),
    SimulatedChannel(
        "ch-mail-fr", "email", "bonjour@tawny.example", "Courriel France", OFFICE, 7, "fr",
        "ffffffffff", pace_min=150, message_type="email", surveys=0.6,
    ),
    SimulatedChannel(
        "ch-mail-uk", "email", "hello@tawny.example", "Email UK", LONDON_OFFICE, 6, "uk",
        "eeeeeeeeee", pace_min=150, message_type="email", surveys=0.6,
    ),
    SimulatedChannel(
        "ch-reviews", "reviews", "Tawny, tous magasins", None, None, 2, "social", "ffffffeeen",
        pace_min=600, message_type="review", post_url="https://reviews.example/r/", surveys=0.0,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class TeamPlan:
    """A team as planned: its share of the head count and whom it helps when it has no work."""

    key: str
    name: str
    share: int
    zone: str
    helps: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"t-{self.key}"


TEAMS = (
    TeamPlan("fr", "Service client France", 9, "Europe/Paris", ()),
    TeamPlan("uk", "Customer Care UK", 7, "Europe/London", ()),
    TeamPlan("social", "Réseaux sociaux", 8, "Europe/Paris", ()),
    TeamPlan("expert", "Experts & après-vente", 4, "Europe/Paris", ("fr", "social")),
    TeamPlan("night", "Nights, weekends", 3, "Europe/Paris", ("fr", "uk", "social")),
)

BOTS = (("va-milo", "Milo"), ("va-nora", "Nora"))
AWAY_STATES = ("Break", "Break", "Coffee", "Training", "Meeting", "Back office", None)

TOPICS = (
    ("tp-delivery", "Delivery"), ("tp-return", "Return / Retour"), ("tp-invoice", "Invoice"),
    ("tp-damage", "Damaged goods"), ("tp-price", "Price, promotion"), ("tp-stock", "Stock"),
    ("tp-order", "Order change"), ("tp-warranty", "Garantie"), ("tp-store", "Magasin"),
    ("tp-praise", "Thanks \\o/"), ("tp-legal", "Legal; privacy"), ("tp-other", "Other"),
)  # fmt: skip
TAGS = (
    ("tg-urgent", "urgent"), ("tg-vip", "VIP"), ("tg-angry", "mécontent"), ("tg-spam", "spam"),
    ("tg-bug", "website bug"), ("tg-idea", "idea"), ("tg-press", "press"), ("tg-photo", "photo"),
    ("tg-follow", "à suivre"), ("tg-refund", "refund > 100 €"), ("tg-quote", 'says "sorry"'),
    ("tg-loyal", "fidèle"),
)  # fmt: skip

FIRST_NAMES = (
    "Alice", "Amira", "Anna", "Baptiste", "Ben", "Camille", "Chloé", "Daan", "Diane", "Emma",
    "Fatou", "George", "Hugo", "Inès", "Jack", "Jade", "Karim", "Léa", "Liam", "Lotte", "Louis",
    "Maëlle", "Marie", "Mehdi", "Nadia", "Noah", "Olivia", "Paul", "Priya", "Rosie", "Sacha",
    "Sanne", "Sofia", "Théo", "Tom", "Victor", "Yasmine", "Zoé", "Éloïse", "Oscar",
)  # fmt: skip
LAST_NAMES = (
    "Martin", "Bernard", "Smith", "Jones", "Dubois", "O'Neill", "Laurent", "Taylor", "Moreau",
    "Patel", "Garcia", "de Vries", "Roux", "Fournier", "Brown", "Lefèvre", "Khan", "Evans",
    "Janssens", "Peeters", "Nguyen", "Mercier", "Hughes", "Guérin", "Diallo", "Walker", "Petit",
    "Chevalier", "Wright", "Le Goff",
)  # fmt: skip
