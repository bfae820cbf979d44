"""Links of mails that need no signing in: to one file, for one reader, for some days."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import httpx
import pytest

from mail_server import MailServer, mail_server
from server.running import RANGE, Server, event, running, send, small_log, until
from server.test_schedule_pages import text_of
from tawny.deliveries.signed_links import LinkedFile, link_key, signed_link
from tawny.model.zones import current_ms
from test_mail import SENDER, part

NAME = "messages_2026-06-08_r1.csv"


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, post: MailServer
) -> Iterator[tuple[Server, httpx.Client]]:
    """A server that sends mail with links to itself."""
    home = tmp_path_factory.mktemp("links") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(post.certificate))
        with running(
            home, smtp_url=post.url(), mail_from=SENDER, outgoing_private="127.0.0.1",
            public_url="https://tawny.example.com/x",
        ) as made:  # fmt: skip
            root = made.set_up()
            assert send(root, small_log()).json()["refused"] == 0
            yield made, root


@pytest.fixture
def sent(
    server: tuple[Server, httpx.Client], post: MailServer, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """The links that two readers of a new schedule were sent, by their address."""
    there, root = server
    post.forget()
    name = request.node.name
    to = ["anna@example.com", "zoe@example.com"]
    body = {"name": name, "kind": "mail", "to": to, "attach_mb": 0, "link": "signed",
            "link_days": 2}  # fmt: skip
    made = root.post("/destinations", json=body).raise_for_status().json()
    assert made["settings"] == {
        "to": ", ".join(to), "attach_mb": "0", "link": "signed", "link_days": "2",
    }  # fmt: skip
    schedule = root.post("/schedules", json={
        "name": name, "exports": ["messages"], "frequency": "daily", "destinations": [name],
        "time_zone": "Europe/Paris",
    }).raise_for_status().json()  # fmt: skip
    root.post(f"/schedules/{schedule['id']}/backfill", json=RANGE).raise_for_status()
    mails = until(lambda: found if len(found := post.messages()) == 2 else None)
    yield {
        one["To"]: there.url + re.findall(r"https://tawny\.example\.com/x(/fetch/\S+)",
                                          part(one, "plain"))[0]
        for one in mails
    }  # fmt: skip


def delivery_of(root: httpx.Client, name: str) -> dict[str, object]:
    items = root.get("/deliveries", params={"limit": 500}).json()["items"]
    found: dict[str, object] = next(one for one in items if one["destination"] == name)
    return found


def change(root: httpx.Client, name: str, **options: object) -> None:
    found = next(one for one in root.get("/destinations").json() if one["name"] == name)
    body = {"name": name, "kind": "mail", "to": "anna@example.com,zoe@example.com",
            "attach_mb": 0, "link": "signed", **options}  # fmt: skip
    root.put(f"/destinations/{found['id']}", json=body).raise_for_status()


def test_a_reader_fetches_the_file_without_signing_in(
    server: tuple[Server, httpx.Client], post: MailServer, sent: dict[str, str]
) -> None:
    there, root = server
    name = "test_a_reader_fetches_the_file_without_signing_in"
    delivery = delivery_of(root, name)
    run = root.get(f"/exports/{delivery['export']}").json()
    mail = next(one for one in post.messages() if one["To"] == "anna@example.com")
    plain = part(mail, "plain")
    assert list(mail.iter_attachments()) == []
    until_text = plain.split("without signing in, until ")[1].partition(":\n")[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d \(Europe/Paris\)", until_text)
    link = sent["anna@example.com"].removeprefix(there.url)
    assert (
        "Whoever has this link can fetch the file: pass it on to nobody who should not.\n"
        "\n"
        f"Fetch it here, without signing in, until {until_text}:\n"
        "\n"
        f"https://tawny.example.com/x{link}\n"
    ) in plain
    assert len(set(sent.values())) == 2

    answer = httpx.get(sent["anna@example.com"])
    assert answer.status_code == 200
    assert answer.content == root.get(f"/exports/{delivery['export']}/file").content
    headers = {name: answer.headers[name] for name in (
        "content-type", "content-length", "content-disposition", "cache-control", "x-robots-tag",
        "referrer-policy", "x-content-type-options", "etag",
    )}  # fmt: skip
    assert headers == {
        "content-type": f"{run['file']['media_type']}; charset=utf-8",
        "content-length": str(run["file"]["bytes"]),
        "content-disposition": (
            f'attachment; filename="{run["file"]["name"]}"; '
            f"filename*=UTF-8''{run['file']['name']}"
        ),
        "cache-control": "private, no-store",
        "x-robots-tag": "noindex",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "etag": f'"{run["file"]["sha256"]}"',
    }
    assert "set-cookie" not in answer.headers
    head = httpx.head(sent["anna@example.com"])
    assert (head.status_code, head.content) == (200, b"")
    some = httpx.get(sent["anna@example.com"], headers={"Range": "bytes=3-9"})
    assert (some.status_code, some.content) == (206, answer.content[3:10])
    beyond = httpx.get(sent["anna@example.com"], headers={"Range": "bytes=999999999-"})
    assert beyond.status_code == 416

    trail = root.get("/audit", params={"limit": 500}).json()["items"]
    used = [one for one in trail if one["action"] == "link_used"]
    assert [(one["actor"], one["subject"], one["detail"]) for one in used] == [
        ("", delivery["export"], {"destination": name, "reader": "anna@example.com",
                                  "file": run["file"]["name"], "range": part_asked})
        for part_asked in ("bytes=3-9", None)
    ]  # fmt: skip
    # Nobody finds the link anywhere but in the mail.
    signature = link.rpartition("-")[2][-20:].encode()
    assert signature in sent["anna@example.com"].encode()
    for path in there.home.rglob("*"):
        if path.is_file():
            assert signature not in path.read_bytes(), path


def test_a_link_that_does_not_work_is_answered_by_a_page_that_does_not_say_why(
    server: tuple[Server, httpx.Client], sent: dict[str, str]
) -> None:
    there, root = server
    name = "test_a_link_that_does_not_work_is_answered_by_a_page_that_does_not_say_why"
    delivery = delivery_of(root, name)
    run = root.get(f"/exports/{delivery['export']}").json()
    good = sent["anna@example.com"].rpartition("/")[2]
    number, ends, signature = good.split("-", 2)
    other = "A" if signature[0] != "A" else "B"
    file = LinkedFile(int(number), str(delivery["export"]), run["file"]["sha256"])
    key = link_key(there.home)
    wrong = {
        "another signature": f"{number}-{ends}-{other}{signature[1:]}",
        "another delivery": f"{int(number) - 1}-{ends}-{signature}",
        "a later end": f"{number}-{int(ends) + 1}-{signature}",
        "over": signed_link(key, file, "anna@example.com", current_ms() - 1),
        "no reader": signed_link(key, file, "eve@example.com", int(ends)),
        "another key": signed_link(b"x" * 32, file, "anna@example.com", int(ends)),
        "no signature": f"{number}-{ends}-",
        "no number": f"x-{ends}-{signature}",
        "a number that no database holds": f"{'9' * 30}-{ends}-{signature}",
        "long": "1" * 5000,
    }
    # So that what follows is about the link alone.
    right = signed_link(key, file, "anna@example.com", int(ends))
    assert right == good
    for what, link in wrong.items():
        answer = httpx.get(f"{there.url}/fetch/{link}", headers={"Accept-Language": "en"})
        assert answer.status_code == 404, what
        assert (
            "This link does not work It leads to no file, or to none any more: its days are over, "
            "the file is gone, or the links of its destination were ended; ask whoever has the "
            "files sent"
        ) in text_of(answer), what
    chosen = httpx.get(f"{there.url}/fetch/{wrong['over']}", params={"language": "fr"})
    assert (chosen.status_code, chosen.cookies["tawny_language"]) == (303, "fr")
    french = httpx.get(f"{there.url}/fetch/{wrong['over']}", headers={"Accept-Language": "fr"})
    assert "Il ne mène à aucun fichier, ou n’y mène plus : ses jours" in (text_of(french))


def test_links_end_with_their_reader_their_setting_and_their_file(
    server: tuple[Server, httpx.Client], sent: dict[str, str]
) -> None:
    _, root = server
    name = "test_links_end_with_their_reader_their_setting_and_their_file"
    anna, zoe = sent["anna@example.com"], sent["zoe@example.com"]

    def states() -> tuple[int, int]:
        return httpx.get(anna).status_code, httpx.get(zoe).status_code

    assert states() == (200, 200)
    change(root, name, to="anna@example.com")
    assert states() == (200, 404)
    change(root, name, link="beyond")
    assert states() == (404, 404)
    change(root, name)
    assert states() == (200, 200)
    root.delete(f"/exports/{delivery_of(root, name)['export']}/file").raise_for_status()
    assert states() == (404, 404)


def test_links_end_with_their_destination(
    server: tuple[Server, httpx.Client], sent: dict[str, str]
) -> None:
    _, root = server
    name = "test_links_end_with_their_destination"
    link = sent["anna@example.com"]
    assert httpx.get(link).status_code == 200
    (schedule,) = [one for one in root.get("/schedules").json() if one["name"] == name]
    root.delete(f"/schedules/{schedule['id']}").raise_for_status()
    assert httpx.get(link).status_code == 200
    (place,) = [one for one in root.get("/destinations").json() if one["name"] == name]
    root.delete(f"/destinations/{place['id']}").raise_for_status()
    answer = httpx.get(link, headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert "It leads to no file, or to none any more" in text_of(answer)


def test_a_link_ends_when_somebody_in_its_file_is_erased(
    server: tuple[Server, httpx.Client], sent: dict[str, str]
) -> None:
    there, root = server
    name = "test_a_link_ends_when_somebody_in_its_file_is_erased"
    link = sent["anna@example.com"]
    assert httpx.get(link).status_code == 200
    erased = event("contact.erased", "contact-0", "2026-06-20T00:00:00Z", contact_id="contact-0")
    assert send(root, [erased]).json()["refused"] == 0
    until(lambda: httpx.get(link).status_code == 404)
    with sqlite3.connect(there.home / "state.db", timeout=60) as state:
        left = state.execute("SELECT count(*) FROM deliveries WHERE destination = ?", (name,))
        assert left.fetchone()[0] >= 1
