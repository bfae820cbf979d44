"""A simulated centre as Chatwoot would have kept it: its rows, and the events that they can tell.

`ChatwootCentre` lives through the events of a sample and writes down two things: the rows of the
desk's database, and the events as they stand in the terms of the desk (`carried`), or with all that
the desk keeps nowhere (`whole`). What cannot happen in the desk, such as a change to the status
that a conversation has already, happens in neither.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatwoot_desk import URL, ChatwootDesk

Data = dict[str, Any]
Event = dict[str, Any]

CLASSES = {
    "twitter": "Channel::TwitterProfile", "facebook": "Channel::FacebookPage",
    "instagram": "Channel::Instagram", "whatsapp": "Channel::Whatsapp",
    "web_chat": "Channel::WebWidget", "email": "Channel::Email", "reviews": "Channel::Api",
}  # fmt: skip
MEDIA = {"web_chat": "webchat", "reviews": "api"}
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
SURVEY_DAYS = 14
OPEN, RESOLVED, PENDING, SNOOZED = range(4)
STATUSES = {"new": OPEN, "resolved": RESOLVED, "pending": SNOOZED}
RULE = "Automation System"
UNCARRIED = frozenset({
    "conversation.locked", "conversation.unlocked", "presence.changed",
    "tag.saved", "tag.deleted", "tag.applied", "tag.removed",
})  # fmt: skip
"""What the desk keeps no record of at all."""


@dataclass
class _Conversation:
    number: int
    inbox: int
    row: Data
    status: str = "new"
    team: str | None = None
    is_with_bot: bool = False
    labels: dict[str, int] = field(default_factory=dict)
    """Topics that are on it, and the taggings that say so."""
    survey: str | None = None
    """A survey of the sample whose message is about to come."""


class ChatwootCentre:
    """Rows by table, and events."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.rows: dict[str, list[Data]] = defaultdict(list)
        self.carried: list[Event] = []
        self.whole: list[Event] = []
        self._number: dict[tuple[str, str], int] = {}
        self._names: dict[str, str] = {}
        """Of agents and teams, by the id of the sample."""
        self._conversations: dict[str, _Conversation] = {}
        self._messages: dict[str, tuple[int, Data]] = {}
        self._surveys: dict[str, int] = {}
        self._attributes: dict[str, dict[str, str]] = defaultdict(dict)
        self._last_id = 1000
        self._told = 0
        self._time = ""
        ordered = list(events)
        self._first_time = ordered[0]["time"]
        self._bots = _bots(ordered)
        self._to_bot = {
            event["data"]["conversation_id"]: event["data"]["agent_id"]
            for event in ordered
            if event["type"] == "conversation.virtual_agent_assigned"
        }
        self._languages = {
            event["data"]["conversation_id"]: event["data"]["language"]
            for event in ordered
            if event["type"] == "conversation.updated" and "language" in event["data"]
        }
        self._reference_data(ordered)
        for event in ordered:
            self._time = event["time"]
            self._live(event["type"], event["data"])
        self._end()

    def write(self, desk: ChatwootDesk) -> None:
        """Fill the tables of a desk that has no account yet."""
        with desk.together():
            for table, rows in self.rows.items():
                by_columns: dict[tuple[str, ...], list[Data]] = defaultdict(list)
                for row in rows:
                    by_columns[tuple(row)].append(row)
                for same in by_columns.values():
                    desk.add_all(table, same)

    # --- telling ----------------------------------------------------------------------------------

    def _tell(
        self, kind: str, data: Data, more: Mapping[str, Any] | None = None, at: str | None = None
    ) -> None:
        """An event; `more` is what the desk does not keep of it."""
        self._told += 1
        event = {
            "specversion": "1.0", "source": "/centre", "id": str(self._told), "type": kind,
            "time": at or self._time, "sequence": f"{self._told:09d}",
        }  # fmt: skip
        present = {name: value for name, value in data.items() if value is not None}
        if kind not in UNCARRIED:
            self.carried.append(event | {"data": present})
        self.whole.append(event | {"data": present | dict(more or {})})

    def _tell_apart(self, kind: str, data: Data) -> None:
        """An event of which the desk keeps nothing."""
        self._tell(kind, data)
        if kind not in UNCARRIED:
            self.carried.pop()

    def _numbered(self, kind: str, name: str) -> int:
        return self._number.setdefault(
            (kind, name), 1 + sum(1 for one, _ in self._number if one == kind)
        )

    def _agent(self, name: str) -> str:
        number = self._numbered("bot" if name in self._bots else "agent", name)
        return f"bot-{number}" if name in self._bots else str(number)

    def _id(self, kind: str, name: str) -> str:
        return self._agent(name) if kind == "agent" else str(self._numbered(kind, name))

    # --- what the centre consists of --------------------------------------------------------------

    def _reference_data(self, events: list[Event]) -> None:
        """As it is in the end: the desk keeps no earlier version of it."""
        self._time = self._first_time
        newest: dict[str, dict[str, Data]] = defaultdict(dict)
        for event in events:
            kind, _, what = event["type"].partition(".")
            if what == "saved" and kind in ("channel", "team", "agent", "topic", "tag"):
                name = event["data"][f"{kind}_id"]
                newest[kind][name] = newest[kind].get(name, {}) | event["data"]
        self.rows["accounts"].append({"id": 1, "name": "Example Ltd", "at": _stamp(self._time)})
        for data in newest["channel"].values():
            self._channel(data)
        for kind in ("team", "topic"):
            for name, data in newest[kind].items():
                self._named(kind, name, data["name"])
        for name, data in newest["agent"].items():
            self._saved_agent(name, data)
        for name, data in newest["tag"].items():
            self._tell_apart("tag.saved", {"tag_id": name, "name": data["name"]})

    def _channel(self, data: Data) -> None:
        inbox = self._numbered("channel", data["channel_id"])
        stamp = _stamp(self._time)
        medium = data["medium"]
        hours: Data = data.get("business_hours") or {}
        self._names[data["channel_id"]] = CLASSES[medium]
        self.rows["inboxes"].append({
            "id": inbox, "channel_id": inbox, "name": data["name"], "channel_type": CLASSES[medium],
            "business_name": data.get("display_name"), "working_hours_enabled": bool(hours),
            "timezone": hours["time_zone"] if hours else "UTC", "at": stamp,
        })  # fmt: skip
        weekly = {}
        for place, day in enumerate(DAYS) if hours else ():
            windows = hours["weekly"].get(day)
            row: Data = {"inbox_id": inbox, "day_of_week": place, "at": stamp}
            if windows:
                # The desk has one window a day, and no midnight but this.
                start, end = windows[0][0], windows[-1][1]
                weekly[day] = [[start, end]]
                shown = "23:59" if end == "24:00" else end
                row |= {
                    "open_hour": int(start[:2]), "open_minutes": int(start[3:]),
                    "close_hour": int(shown[:2]), "close_minutes": int(shown[3:]),
                }  # fmt: skip
            else:
                row["closed_all_day"] = True
            self.rows["working_hours"].append(row)
        self._tell("channel.saved", {
            "channel_id": str(inbox), "medium": MEDIA.get(medium, medium), "name": data["name"],
            "display_name": data.get("display_name"),
            "business_hours":
                {"time_zone": hours["time_zone"], "weekly": weekly} if hours else None,
        })  # fmt: skip

    def _named(self, kind: str, name: str, shown: str) -> None:
        number = self._numbered(kind, name)
        if kind == "topic":
            shown = "-".join("".join(c if c.isalnum() else " " for c in shown.lower()).split())
        table, column = ("teams", "name") if kind == "team" else ("labels", "title")
        self.rows[table].append({"id": number, column: shown, "at": _stamp(self._time)})
        self._names[name] = shown
        self._tell(f"{kind}.saved", {f"{kind}_id": str(number), "name": shown})

    def _saved_agent(self, name: str, data: Data) -> None:
        own = self._agent(name)
        self._names[name] = data["name"]
        row: Data = {"id": int(own.removeprefix("bot-")), "name": data["name"]}
        if own.startswith("bot-"):
            self.rows["agent_bots"].append(row | {"at": _stamp(self._time)})
        else:
            email = data.get("email")
            self.rows["users"].append(row | {"email": email, "at": _stamp(self._time)})
            self.rows["account_users"].append({"account_id": 1, "user_id": row["id"]})
        reference = data.get("reference")
        self._tell(
            "agent.saved",
            {"agent_id": own, "name": data["name"], "email": data.get("email"),
             "kind": "virtual" if own.startswith("bot-") else "human"},
            {"reference": reference} if reference else None,
        )  # fmt: skip

    # --- what happens -----------------------------------------------------------------------------

    def _live(self, kind: str, data: Data) -> None:
        if kind in ("conversation.locked", "conversation.unlocked", "presence.changed"):
            renamed = {
                name: self._id(name.removesuffix("_id"), value) if name.endswith("_id") else value
                for name, value in data.items()
            }
            self._tell(kind, renamed)
        elif kind in ("tag.applied", "tag.removed"):
            number = self._messages[data["message_id"]][0]
            found = self._conversations[data["conversation_id"]]
            by = self._agent(data["agent_id"]) if data.get("agent_id") else None
            self._tell(kind, {
                "conversation_id": str(found.number), "message_id": str(number),
                "tag_id": data["tag_id"], "agent_id": by,
            })  # fmt: skip
        elif kind == "contact.saved":
            self._contact(data)
        elif kind == "contact.attribute_set":
            self._attribute(data)
        elif kind == "contact.attribute_cleared":
            self._clear(data)
        elif kind == "conversation.created":
            self._created(data)
        elif data.get("conversation_id") in self._conversations:
            found = self._conversations[data["conversation_id"]]
            what = {
                "message.created": self._message, "message.updated": self._edited,
                "message.deleted": self._deleted, "conversation.handed_over": self._handed_over,
                "conversation.status_changed": self._changed, "topic.applied": self._labelled,
                "topic.removed": self._unlabelled, "csat.sent": self._survey,
                "csat.answered": self._answered, "csat.expired": self._expired,
            }.get(kind)  # fmt: skip
            if what is not None:
                what(found, data)

    def _contact(self, data: Data) -> None:
        if ("contact", data["contact_id"]) in self._number:
            return
        number = self._numbered("contact", data["contact_id"])
        first, medium = data["primary_identifier"], data["medium"]
        place = {"email": "email", "whatsapp": "phone_number"}.get(medium, "identifier")
        self.rows["contacts"].append({
            "id": number, "name": data.get("secondary_identifier", ""), place: first,
            "custom_attributes": self._attributes[data["contact_id"]], "at": _stamp(self._time),
        })  # fmt: skip
        self._tell("contact.saved", {
            "contact_id": str(number), "medium": MEDIA.get(medium, medium),
            "primary_identifier": first, "secondary_identifier": data.get("secondary_identifier"),
        })  # fmt: skip
        # What the desk shows of a person beside what somebody typed in.
        self._tell("contact.attribute_set", {
            "contact_id": str(number), "attribute_id": place, "name": place, "value": first,
            "attribute_type": "default", "set_by": "crm",
        })  # fmt: skip

    def _attribute(self, data: Data) -> None:
        attribute = data["attribute_id"]
        own = self._attributes[data["contact_id"]]
        if not data["value"]:
            self._clear(data)
            return
        own[attribute] = data["value"]
        self._touch_contact(data)
        if not any(r["attribute_key"] == attribute
                   for r in self.rows["custom_attribute_definitions"]):  # fmt: skip
            self.rows["custom_attribute_definitions"].append({
                "attribute_display_name": data["name"], "attribute_key": attribute,
                "attribute_model": 1,
            })  # fmt: skip
        self._tell("contact.attribute_set", {
            "contact_id": self._id("contact", data["contact_id"]), "attribute_id": attribute,
            "name": data["name"], "value": data["value"], "attribute_type": "custom",
            "set_by": "crm",
        })  # fmt: skip

    def _clear(self, data: Data) -> None:
        if self._attributes[data["contact_id"]].pop(data["attribute_id"], None) is not None:
            self._touch_contact(data)
            self._tell("contact.attribute_cleared", {
                "contact_id": self._id("contact", data["contact_id"]),
                "attribute_id": data["attribute_id"],
            })  # fmt: skip

    def _touch_contact(self, data: Data) -> None:
        number = self._numbered("contact", data["contact_id"])
        row = next(one for one in self.rows["contacts"] if one["id"] == number)
        row["updated_at"] = _stamp(self._time)

    def _created(self, data: Data) -> None:
        name = data["conversation_id"]
        number = self._numbered("conversation", name)
        inbox = self._numbered("channel", data["channel_id"])
        contact = self._numbered("contact", data["contact_id"])
        language = data.get("language")
        row: Data = {
            "id": number, "display_id": number, "inbox_id": inbox, "contact_id": contact,
            "additional_attributes": {"conversation_language": language} if language else {},
            "created_at": _stamp(self._time), "updated_at": _stamp(self._time),
        }  # fmt: skip
        self._conversations[name] = found = _Conversation(number, inbox, row)
        self.rows["conversations"].append(row)
        if not any(one["contact_id"] == contact for one in self.rows["contact_inboxes"]):
            self.rows["contact_inboxes"].append({
                "contact_id": contact, "inbox_id": inbox, "source_id": f"source-{contact}",
                "at": _stamp(self._time),
            })  # fmt: skip
        # The desk has not detected the language of all of them.
        late = None if language else self._languages.get(name, "nobody's")
        self._tell(
            "conversation.created",
            {"conversation_id": str(number), "channel_id": str(inbox), "contact_id": str(contact),
             "url": f"{URL}/app/accounts/1/conversations/{number}", "language": language},
            {"language": late} if late else None,
        )  # fmt: skip
        bot = self._to_bot.get(name)
        if bot is not None:
            found.is_with_bot = True
            self._tell("conversation.virtual_agent_assigned", {
                "conversation_id": str(number), "agent_id": self._agent(bot),
            })  # fmt: skip

    # --- messages ---------------------------------------------------------------------------------

    def _add_message(self, found: _Conversation, row: Data, later_s: float = 0.0) -> int:
        self._last_id += 1
        self.rows["messages"].append({
            "id": self._last_id, "conversation_id": found.number, "inbox_id": found.inbox,
            "message_type": 1, "content": None, "content_type": 0, "content_attributes": {},
            "additional_attributes": {}, "sender_type": None, "sender_id": None,
            "created_at": _stamp(self._time, later_s), "updated_at": _stamp(self._time, later_s),
            **row,
        })  # fmt: skip
        found.row["updated_at"] = max(found.row["updated_at"], _stamp(self._time, later_s))
        return self._last_id

    def _note(self, found: _Conversation, text: str, later_s: float = 0.4) -> None:
        """A sentence of the desk, which a job writes a moment later."""
        self._add_message(found, {"message_type": 2, "content": text}, later_s)

    def _signal(self, found: _Conversation, name: str, later_s: float = 0.0) -> None:
        at = _stamp(self._time, later_s)
        self.rows["reporting_events"].append({
            "id": 1 + len(self.rows["reporting_events"]), "name": name, "inbox_id": found.inbox,
            "conversation_id": found.number, "event_end_time": at, "at": at,
        })  # fmt: skip

    def _assign(self, found: _Conversation, team: str | None) -> None:
        """Give the conversation to a team before somebody of it does something."""
        if team == found.team:
            return
        if team is None:
            self._note(found, f"Unassigned from {self._names[str(found.team)]} by {RULE}", 0.0)
        else:
            self._note(found, f"Assigned to {self._names[team]} by {RULE}", 0.0)
        found.team = team
        found.row["team_id"] = None if team is None else self._numbered("team", team)

    def _message(self, found: _Conversation, data: Data) -> None:
        kind, agent = data.get("outbound_type"), str(data.get("agent_id"))
        row: Data = {"content": data["content"]}
        told: Data = {
            "conversation_id": str(found.number), "direction": data["direction"],
            "outbound_type": kind, "message_type": "text", "content": data["content"],
            "origin": next(
                one["channel_type"] for one in self.rows["inboxes"] if one["id"] == found.inbox
            ),
        }  # fmt: skip
        if data["direction"] == "inbound":
            row |= {
                "message_type": 0,
                "sender_type": "Contact",
                "sender_id": found.row["contact_id"],
            }
        elif kind == "csat":
            row |= {"message_type": 3, "content_type": 9}
            told["message_type"] = "input_csat"
        elif kind == "auto_responder":
            row["message_type"] = 3
        elif kind == "proactive":
            row["additional_attributes"] = {"campaign_id": 4}
        elif kind == "native":
            row["content_attributes"] = {"external_echo": True}
        else:
            own = self._agent(agent)
            if kind == "agent":
                self._assign(found, data.get("team_id"))
            row |= {
                "sender_type": "AgentBot" if kind == "virtual_agent" else "User",
                "sender_id": int(own.removeprefix("bot-")),
            }
            told |= {"agent_id": own, "team_id": self._team(found)}
        number = self._add_message(found, row)
        told["message_id"] = str(number)
        self._messages[data["message_id"]] = number, self.rows["messages"][-1]
        url = data.get("post_url")
        self._tell("message.created", told, {"post_url": url} if url else None)
        if kind == "csat" and found.survey is not None:
            self._surveys[found.survey], found.survey = number, None
            self._tell("csat.sent", {
                "survey_id": str(number), "conversation_id": str(found.number)
            })  # fmt: skip
        if data["direction"] == "inbound" and found.status != "new":
            self._signal(found, "conversation_opened", 0.005)
            self._become(found, "new", {"cause": "inbound_message"})

    def _team(self, found: _Conversation) -> str | None:
        return None if found.team is None else self._id("team", found.team)

    def _ids(self, data: Data, found: _Conversation) -> Data:
        number = self._messages[data["message_id"]][0]
        return {"message_id": str(number), "conversation_id": str(found.number)}

    def _edited(self, found: _Conversation, data: Data) -> None:
        row = self._messages[data["message_id"]][1]
        if "content" not in data or row["content_attributes"].get("deleted"):
            return
        row |= {"content": data["content"], "updated_at": _stamp(self._time)}
        self._tell("message.updated", self._ids(data, found) | {"content": data["content"]})
        # A first reading finds the new text only, and nothing that says when it came.
        self._forget_when()

    def _forget_when(self) -> None:
        """Tell the last event at the instant of what it changes."""
        changed = self.carried.pop()
        self.whole.pop()
        number = changed["data"]["message_id"]
        for events in (self.carried, self.whole):
            created = next(
                one for one in events
                if one["type"] == "message.created" and one["data"]["message_id"] == number
            )  # fmt: skip
            created["data"]["content"] = changed["data"]["content"]

    def _deleted(self, found: _Conversation, data: Data) -> None:
        row = self._messages[data["message_id"]][1]
        row |= {
            "content": "This message was deleted", "content_attributes": {"deleted": True},
            "updated_at": _stamp(self._time),
        }  # fmt: skip
        self._tell("message.deleted", self._ids(data, found))

    # --- status -----------------------------------------------------------------------------------

    def _become(
        self, found: _Conversation, status: str, data: Data, more: Data | None = None
    ) -> None:
        found.status, found.is_with_bot = status, False
        found.row["updated_at"] = max(found.row["updated_at"], _stamp(self._time))
        found.row["status"] = STATUSES[status]
        told = {"conversation_id": str(found.number), "status": status, **data}
        self._tell("conversation.status_changed", told | {"team_id": self._team(found)}, more)

    def _changed(self, found: _Conversation, data: Data) -> None:
        status, cause, agent = data["status"], data["cause"], data.get("agent_id")
        if status == found.status or cause == "csat":
            return
        if agent is not None and agent not in self._bots:
            self._assign(found, data.get("team_id"))
        who = RULE if agent is None else self._names[agent]
        own = None if agent is None else self._agent(agent)
        more = {name: value for name, value in data.items() if name in ("reason", "comment")}
        if status == "resolved":
            self._signal(found, "conversation_resolved")
            if cause == "virtual_agent":
                self._signal(found, "conversation_bot_resolved")
            if cause == "auto_resolve":
                who = "system due to 7 days of inactivity"
            self._note(found, f"Conversation was marked resolved by {who}")
            if cause == "bulk":
                more["cause"], cause = cause, "agent"
        elif status == "pending":
            self._note(found, f"Conversation was snoozed by {who}", 0.0)
        else:
            self._signal(found, "conversation_opened")
            if cause == "set_to_new":
                self._note(found, f"Conversation was reopened by {who}")
        self._become(found, status, {"cause": cause, "agent_id": own}, more)

    def _handed_over(self, found: _Conversation, data: Data) -> None:
        if not found.is_with_bot:
            return
        found.is_with_bot = False
        reason = data.get("reason")
        self._signal(found, "conversation_bot_handoff")
        self._signal(found, "conversation_opened", 0.01)
        if reason == "taken_by_agent":
            person = next(one for one in self.rows["users"])
            self._note(found, f"Conversation was reopened by {person['name']}")
        elif reason == "error":
            self._note(
                found, "Conversation was marked open by system due to an error with the agent bot."
            )
        kept = reason if reason in ("taken_by_agent", "error") else None
        self._tell(
            "conversation.handed_over",
            {"conversation_id": str(found.number), "agent_id": self._agent(data["agent_id"]),
             "reason": kept},
            {"reason": reason} if reason else None,
        )  # fmt: skip

    # --- labels and surveys -----------------------------------------------------------------------

    def _labelled(self, found: _Conversation, data: Data) -> None:
        topic = data["topic_id"]
        if topic in found.labels:
            return
        self._label_note(found, data, "added")
        title = self._names[topic]
        tag = self._numbered("desk tag", title)
        if not any(one["id"] == tag for one in self.rows["tags"]):
            self.rows["tags"].append({"id": tag, "name": title})
        found.labels[topic] = number = self._numbered("tagging", f"{found.number} {self._told}")
        self.rows["taggings"].append({
            "id": number, "tag_id": tag, "taggable_type": "Conversation", "context": "labels",
            "taggable_id": found.number, "at": _stamp(self._time),
        })  # fmt: skip

    def _unlabelled(self, found: _Conversation, data: Data) -> None:
        number = found.labels.pop(data["topic_id"], None)
        if number is not None:
            self.rows["taggings"] = [one for one in self.rows["taggings"] if one["id"] != number]
            self._label_note(found, data, "removed")

    def _label_note(self, found: _Conversation, data: Data, what: str) -> None:
        agent = data.get("agent_id")
        if agent is not None and agent not in self._bots:
            self._assign(found, data.get("team_id"))
        who = RULE if agent is None else self._names[agent]
        self._note(found, f"{who} {what} {self._names[data['topic_id']]}", 0.0)
        self._tell(f"topic.{'applied' if what == 'added' else what}", {
            "conversation_id": str(found.number), "topic_id": self._id("topic", data["topic_id"]),
            "agent_id": None if agent is None else self._agent(agent),
            "team_id": None if agent is None else self._team(found),
        })  # fmt: skip

    def _survey(self, found: _Conversation, data: Data) -> None:
        found.survey = data["survey_id"]

    def _answered(self, found: _Conversation, data: Data) -> None:
        number = self._surveys[data["survey_id"]]
        if any(one["message_id"] == number for one in self.rows["csat_survey_responses"]):
            return  # A first reading finds one answer.
        question = data.get("follow_up_question")
        self.rows["csat_survey_responses"].append({
            "id": 1 + len(self.rows["csat_survey_responses"]), "conversation_id": found.number,
            "message_id": number, "rating": data["score"], "at": _stamp(self._time),
            "feedback_message": data.get("follow_up_response"),
        })  # fmt: skip
        self._tell(
            "csat.answered",
            {"survey_id": str(number), "conversation_id": str(found.number),
             "score": data["score"], "follow_up_response": data.get("follow_up_response")},
            {"follow_up_question": question} if question else None,
        )  # fmt: skip

    def _expired(self, found: _Conversation, data: Data) -> None:
        """Nothing: the desk's own time is not over."""

    def _end(self) -> None:
        answered = {one["message_id"] for one in self.rows["csat_survey_responses"]}
        for found in self._conversations.values():
            if found.is_with_bot:
                found.row["status"] = PENDING
            found.row.setdefault("status", OPEN)
            found.row.setdefault("team_id", None)
        for row in [one for one in self.rows["messages"] if one["content_type"] == 9]:
            if row["id"] not in answered:
                sent = datetime.datetime.fromisoformat(row["created_at"])
                expired = sent + datetime.timedelta(days=SURVEY_DAYS)
                self._tell("csat.expired", {
                    "survey_id": str(row["id"]), "conversation_id": str(row["conversation_id"]),
                }, at=f"{expired.isoformat(timespec='milliseconds')}Z")  # fmt: skip
        for name in self._bots:
            number = int(self._agent(name).removeprefix("bot-"))
            used = {self._conversations[one].inbox for one in self._to_bot
                    if self._to_bot[one] == name and one in self._conversations}  # fmt: skip
            self.rows["agent_bot_inboxes"] += [
                {"inbox_id": one, "agent_bot_id": number} for one in sorted(used)
            ]


def _bots(events: list[Event]) -> frozenset[str]:
    return frozenset(
        event["data"]["agent_id"]
        for event in events
        if event["type"] == "agent.saved" and event["data"].get("kind") == "virtual"
    )


def _stamp(time: str, later_s: float = 0.0) -> str:
    """An instant of an event as the database holds it: UTC without zone, in microseconds."""
    moment = datetime.datetime.fromisoformat(time).replace(tzinfo=None)
    moment += datetime.timedelta(seconds=later_s)
    return moment.isoformat(" ", "microseconds")


def lines(events: list[Event]) -> bytes:
    """Events as NDJSON."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)
