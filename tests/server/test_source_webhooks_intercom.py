"""An Intercom announces what has changed: who is believed, and what is asked for then."""

from __future__ import annotations

import contextlib
import hmac
import json
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import intercom_desk
from api_desk import served
from commands import tawny
from processes import logged_events
from server.running import running, until

SECRET = "client-secret-1"


@pytest.fixture
def intercom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IntercomPlace]:
    monkeypatch.setenv("INTERCOM_TOKEN", intercom_desk.TOKEN)
    monkeypatch.setenv("INTERCOM_CLIENT_SECRET", SECRET)
    with served(intercom_desk.IntercomWorkspace()) as desk:
        place = IntercomPlace(tmp_path / "home", desk)
        added = tawny(
            place.home, "sources", "add", "intercom", "app", "--base-url", desk.url, "--token",
            "env:INTERCOM_TOKEN", "--webhook-secret", "env:INTERCOM_CLIENT_SECRET",
            "--every", "off",
        )  # fmt: skip
        assert (added.status, added.err) == (0, "")
        assert "shown only now" not in added.out
        yield place


class IntercomPlace:
    """A data folder with an Intercom workspace; the server runs while webhooks come."""

    def __init__(self, home: Path, desk: intercom_desk.IntercomWorkspace) -> None:
        self.home, self.desk = home, desk

    def sync(self) -> dict[str, Any]:
        """Sync, and return the gap report."""
        result = tawny(self.home, "sources", "sync", "app")
        assert result.status == 0, result
        shown: dict[str, Any] = json.loads(
            tawny(self.home, "sources", "report", "app", "--json").out
        )
        return shown

    def announced_before(self, seconds: int) -> None:
        """The lag is over: what was heard was heard so long ago."""
        with contextlib.closing(sqlite3.connect(self.home / "state.db")) as state:
            state.execute(
                "UPDATE source_hints SET heard_ms = heard_ms - ?, last_ms = last_ms - ?",
                (seconds * 1000, seconds * 1000),
            )
            state.commit()

    def unverified(self) -> int:
        """How many came that were not the desk's, once they are kept."""
        with contextlib.closing(sqlite3.connect(self.home / "state.db")) as state:
            rows = state.execute("SELECT unverified FROM source_webhooks").fetchall()
            return sum(row[0] for row in rows)

    def hints(self) -> list[str]:
        """The records that wait to be read."""
        with contextlib.closing(sqlite3.connect(self.home / "state.db")) as state:
            found = state.execute("SELECT record FROM source_hints ORDER BY record")
            return [row[0] for row in found]


def notification(topic: str, number: object, **more: Any) -> dict[str, Any]:
    """A webhook of Intercom's, whose every delivery has an id of its own."""
    return {
        "type": "notification_event", "app_id": intercom_desk.APP, "topic": topic,
        "id": f"notif_{uuid.uuid4()}", "delivery_attempts": 1,
        "data": {"type": "notification_event_data", "item": {"id": number}}, **more,
    }  # fmt: skip


def post_signed(client: httpx.Client, body: Any, secret: str = SECRET, method: str = "sha1") -> int:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = hmac.new(secret.encode(), content, method).hexdigest()
    headers = {"X-Hub-Signature": f"{method}={made}"}
    answer = client.post("/sources/app/webhook", content=content, headers=headers)
    return answer.status_code


def test_an_intercom_signs_with_the_secret_of_its_app(intercom: IntercomPlace) -> None:
    with running(intercom.home) as server, server.client() as client:

        def post(*args: Any, **more: Any) -> int:
            return post_signed(client, notification(*args, **more))

        replied = notification("conversation.user.replied", "7")
        assert post_signed(client, replied, secret="other") == 401
        assert post_signed(client, replied, method="sha256") == 401
        assert client.post("/sources/app/webhook", json=replied).status_code == 401
        assert intercom.hints() == []
        assert client.head("/sources/app/webhook").status_code == 200
        assert post("ping", None, data={"item": {"type": "ping", "message": "x"}}) == 200
        assert post_signed(client, replied) == 202
        # The same again, as its body says, though it is another one.
        assert post_signed(client, replied | {"delivery_attempts": 2}) == 202
        assert post("conversation_part.redacted", 8) == 202
        assert post("contact.user.updated", "5f02") == 202
        tagged = {"item": {"type": "contact_tag", "contact": {"id": "5f03"}, "tag": {"id": "1"}}}
        assert post("contact.tag.created", None, data=tagged) == 202
        assert post("admin.away_mode_updated", intercom_desk.ANN) == 202
        known = ["contact/5f02", "contact/5f03", "conversation/7", "conversation/8", "presence/9"]
        assert intercom.hints() == known
        unknown = [
            notification("conversation.user.replied", "9", app_id="other"),
            notification("company.created", "9"),
            notification("conversation.user.replied", "../me"),
            notification("conversation.user.replied", True),
            notification("conversation.user.replied", None),
            notification("conversation.user.replied", "9", data=[]),
            {"topic": "conversation.user.replied"},
            [], b"", b"[" * 100_000,
            b'{"topic": "conversation.x", "data": {"item": {"id": ' + b"9" * 9_000 + b"}}}",
        ]  # fmt: skip
        assert {post_signed(client, one) for one in unknown} == {202}
        assert intercom.hints() == known
        until(lambda: intercom.unverified() == 3 or None)
    report = intercom.sync()
    assert report["webhooks"] == {
        "received": 7 + len(unknown), "unverified": 3, "repeated": 1, "unknown": len(unknown),
        "announced": 0,
    }  # fmt: skip
    assert SECRET not in server.log()


def test_an_intercom_record_that_is_announced_is_asked_for(intercom: IntercomPlace) -> None:
    """No search has what is gone, or became a part of another one; a contact that became another
    one is found by the old id. Who merely may not be there is asked about and nothing follows."""
    at = intercom_desk.seconds("2026-06-08T10:00:00Z")
    desk = intercom.desk
    for number in (1, 2, 3, 4):
        desk.conversation(number, at)
    desk.contact("5f02", "2026-06-01T00:00:00Z", name="Mo", email="mo@example.net")
    assert intercom.sync()["complete"]
    del desk.conversations["1"]
    desk.became["2"] = "3"
    del desk.contacts["5f02"]
    desk.became["5f02"] = intercom_desk.LEAD
    # Searches give it later; its own time is that of long ago.
    desk.part(4, 41, "comment", at + 60, intercom_desk.admin(intercom_desk.ANN), "Found late")
    assert intercom.sync()["accepted"] == 0
    with running(intercom.home) as server, server.client() as client:
        for topic, record in (
            ("conversation.deleted", 1), ("conversation.user.replied", 2),
            ("conversation.admin.replied", 4), ("contact.merged", "5f02"),
            ("conversation.user.created", 404), ("contact.deleted", "5f04"),
        ):  # fmt: skip
            assert post_signed(client, notification(topic, record)) == 202
    assert intercom.sync()["accepted"] == 0
    assert len(intercom.hints()) == 6
    intercom.announced_before(120)
    report = intercom.sync()
    assert intercom.hints() == []
    assert report["events"] == {
        "contact.saved": 1, "conversation.status_changed": 2, "message.created": 1,
    }  # fmt: skip
    assert (report["gone"], report["merged"]) == ({"conversations": 1}, 1)
    assert report["webhooks"]["announced"] == 4
    told = logged_events(intercom.home)
    changed = [
        (one["conversation_id"], one["status"], one["cause"], one["reason"])
        for one in told.values() if one["type"] == "conversation.status_changed"
    ]  # fmt: skip
    assert sorted(changed) == [
        ("1", "resolved", "automation", "deleted"), ("2", "resolved", "automation", "merged"),
    ]  # fmt: skip
    assert intercom.sync()["accepted"] == 0
