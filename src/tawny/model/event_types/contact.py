"""Events of contacts: who they are, their attributes, their erasure."""

from __future__ import annotations

from typing import Literal

from tawny.model.event_data import EventData, Id, check_medium


class ContactSaved(EventData, gc=False, kw_only=True):
    """A contact is announced or changed. The last one wins, as a whole. A sender that does not
    know the medium leaves it out."""

    event_type = "contact.saved"
    family = "contact"
    contact_id: Id
    medium: Id | None = None
    primary_identifier: str
    secondary_identifier: str | None = None

    def __post_init__(self) -> None:
        check_medium(self.medium)


class ContactAttributeSet(EventData, gc=False):
    """An attribute of a contact gets a value."""

    event_type = "contact.attribute_set"
    family = "contact"
    contact_id: Id
    attribute_id: Id
    name: str
    value: str
    attribute_type: Literal["default", "custom", "medium", "crm"]
    set_by: Literal["agent", "bot", "crm", "medium"]


class ContactAttributeCleared(EventData, gc=False):
    """An attribute of a contact loses its value."""

    event_type = "contact.attribute_cleared"
    family = "contact"
    contact_id: Id
    attribute_id: Id


class ContactErased(EventData, gc=False):
    """The person's data must go: no row of any export is about this contact from now on, and
    what arrives for it later is erased too."""

    event_type = "contact.erased"
    family = "contact"
    contact_id: Id


TYPES: tuple[type[EventData], ...] = (
    ContactSaved,
    ContactAttributeSet,
    ContactAttributeCleared,
    ContactErased,
)
