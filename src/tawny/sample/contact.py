"""Contacts, worked out from their number alone: nothing about a person is remembered."""

from __future__ import annotations

from tawny.sample.reference import FIRST_NAMES, LAST_NAMES, SimulatedChannel
from tawny.sample.writer import escaped

REMEMBERED_PER_CHANNEL = 4_000
LETTERS = "efn"
FIRST = [escaped(name) for name in FIRST_NAMES]
LAST = [escaped(name) for name in LAST_NAMES]
PLAIN = [name.lower().translate(str.maketrans("éèëïÉ", "eeeie", " '")) for name in FIRST_NAMES]
ATTRIBUTES = (
    # attribute, name, type, set by, values
    ("at-lang", "Language", "default", "bot", ("English", "français", "Nederlands")),
    ("at-city", "City", "default", "agent", ("Lyon", "Leeds", "Gent", "Saint-Étienne")),
    ("at-vip", "VIP", "custom", "agent", ("yes", "no", "to be checked")),
    ("at-tier", "Loyalty tier", "crm", "crm", ("bronze", "silver", "gold", "")),
    ("at-ltv", "Lifetime value", "crm", "crm", ("=0", "129.90", "1 240,00 €", "89")),
    ("at-intent", "Last intent", "custom", "bot", ("order; status", "return", "human, please")),
    ("at-fans", "Followers", "medium", "medium", ("12", "345", "10482", "0")),
    ("at-bio", "Bio", "medium", "medium", ("@home", 'Dad of 2, \\"runner\\"', "🌱 jardin")),
)


class Contact:
    """One person on one medium. `number` mod 3 is the language, so it needs no memory."""

    __slots__ = ("handle", "id", "letter", "number")

    def __init__(self, mark: str, number: int) -> None:
        self.number = number
        self.id = f"p{mark}{number}"
        self.letter = LETTERS[number % 3]
        mixed = number * 2_654_435_761 & 0xFFFFFFFF
        self.handle = f"{PLAIN[(mixed >> 9) % 40]}_{number // 3}"

    def saved(self, channel: SimulatedChannel) -> str:
        """Data of the `contact.saved`."""
        number = self.number
        mixed = number * 2_654_435_761 & 0xFFFFFFFF
        name = f"{FIRST[(mixed >> 9) % 40]} {LAST[(mixed >> 17) % 30]}"
        medium = channel.medium
        second = name
        if medium == "email":
            first = f"{self.handle}@mail.example"
        elif medium == "whatsapp":
            first = f"+4477009{number % 100_000:05d}"
        elif medium == "twitter":
            first = f"@{self.handle}"
        elif medium == "web_chat":
            first, second = f"visitor-{number}", ""
        else:
            first = name
            second = "" if number % 4 else f"{medium[:2]}.{number}"
        tail = f',"secondary_identifier":"{second}"' if second else ""
        return f'"contact_id":"{self.id}","medium":"{medium}","primary_identifier":"{first}"{tail}'

    def attribute(self, index: int, value: float) -> str:
        """Data of a `contact.attribute_set`; `value` in [0, 1) chooses among its values."""
        key, name, kind, setter, values = ATTRIBUTES[index]
        return (
            f'"contact_id":"{self.id}","attribute_id":"{key}","name":"{name}",'
            f'"value":"{values[int(value * len(values))]}","attribute_type":"{kind}",'
            f'"set_by":"{setter}"'
        )

    def cleared(self, index: int) -> str:
        """Data of a `contact.attribute_cleared`."""
        return f'"contact_id":"{self.id}","attribute_id":"{ATTRIBUTES[index][0]}"'


class Acquaintances:
    """The numbers of contacts who may come back, the latest few thousand of each channel."""

    def __init__(self) -> None:
        self._known: dict[str, list[int]] = {}
        self._next: dict[str, int] = {}

    def meet(self, channel: str, number: int) -> None:
        """Remember a contact; once the list is full, the one met longest ago is forgotten."""
        known = self._known.setdefault(channel, [])
        if len(known) < REMEMBERED_PER_CHANNEL:
            known.append(number)
        else:
            slot = self._next.get(channel, 0)
            known[slot] = number
            self._next[channel] = (slot + 1) % REMEMBERED_PER_CHANNEL

    def recall(self, channel: str, u: float) -> int | None:
        """A contact met before on the channel, or nobody; `u` in [0, 1) chooses."""
        known = self._known.get(channel)
        return known[int(u * len(known))] if known else None
