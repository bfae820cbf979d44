"""People are told by mail, through a real mail server: of deliveries, and of exports they asked
for."""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator
from email.message import EmailMessage

import httpx
import pytest

from mail_server import MailServer, mail_server
from server.conftest import World
from server.running import PASSWORD, RANGE, Server, running, send, small_log, until, wait_for
from server.test_schedule_pages import text_of
from test_mail import SENDER, part

NB = "\N{NO-BREAK SPACE}"
PUBLIC = "https://tawny.example.com"


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, post: MailServer
) -> Iterator[tuple[Server, httpx.Client]]:
    """A server that sends mail, with a log; who signs in to it has an address and reads French."""
    base = tmp_path_factory.mktemp("people")
    (base / "out").mkdir()
    with (
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SSL_CERT_FILE", str(post.certificate))
        with running(
            base / "home", smtp_url=post.url(), mail_from=SENDER, outgoing_private="127.0.0.1",
            public_url=PUBLIC, delivery_folders=str(base / "out"),
        ) as made:  # fmt: skip
            root = made.set_up()
            assert send(root, small_log()).json()["refused"] == 0
            yield made, root


@pytest.fixture(autouse=True)
def _forgotten(post: MailServer) -> Iterator[None]:
    yield
    post.forget()


def person(root: httpx.Client, server: Server, name: str, **more: object) -> httpx.Client:
    """Somebody new, signed in."""
    body = {"name": name, "password": PASSWORD, "role": "supervisor", "channels": ["red"], **more}
    root.post("/users", json=body).raise_for_status()
    return server.signed_in(name)


def arrived(post: MailServer, count: int) -> list[EmailMessage]:
    found = until(lambda: m if len(m := post.messages()) >= count else None)
    assert len(found) == count
    return found


def change(server: Server, statement: str) -> None:
    with sqlite3.connect(server.home / "state.db", timeout=60) as state:
        state.execute(statement)


def test_an_owner_is_written_to_once_when_deliveries_fail_are_given_up_and_arrive_again(
    server: tuple[Server, httpx.Client], post: MailServer
) -> None:
    there, root = server
    anna = person(root, there, "anna", email="Anna@Example.com")
    desk = there.home.parent / "out" / "desk"
    desk.mkdir()
    root.post("/destinations", json={"name": "desk", "kind": "folder", "path": str(desk)})
    made = anna.post("/schedules", json={
        "name": "daily", "exports": ["messages"], "frequency": "daily", "destinations": ["desk"],
        "time_zone": "Europe/Paris",
    }).raise_for_status().json()  # fmt: skip
    desk.rmdir()
    anna.post(f"/schedules/{made['id']}/backfill", json=RANGE).raise_for_status()
    (failed,) = arrived(post, 1)
    assert (failed["To"], failed["From"]) == ("Anna@example.com", SENDER)
    assert failed["Subject"] == "desk: daily was not delivered"
    link = f"{PUBLIC}/schedules/{made['id']}"
    why = f"{desk}: there is no such folder; make it, or mount the disk it is on"
    assert part(failed, "plain") == (
        "daily could not be delivered to desk. This is in the way:\n"
        "\n"
        f"{why}\n"
        "\n"
        "It is tried again by itself for 24 hours. You are told again only when it is given up, or "
        "when deliveries there arrive again.\n"
        "\n"
        "See it here, after signing in:\n"
        "\n"
        f"{link}\n"
        "\n"
        "-- \n"
        "Tawny sends this because the schedule daily is yours.\n"
    )
    assert f'<a href="{link}">{link}</a>' in part(failed, "html")
    change(there, "UPDATE deliveries SET first_try_ms = first_try_ms - 86400000, next_try_ms = 0")
    change(there, "UPDATE users SET language = 'fr' WHERE name = 'anna'")
    given_up = arrived(post, 2)[1]
    assert given_up["Subject"] == f"desk{NB}: daily, livraison abandonnée"
    assert part(given_up, "plain").startswith(
        "La livraison de daily vers desk a été tentée pendant 24 heures. Voici ce qui l’a empêchée "
        f"la dernière fois{NB}:\n\n"
    )
    desk.mkdir()
    (delivery,) = anna.get("/deliveries").json()["items"]
    anna.post(f"/deliveries/{delivery['id']}/retry").raise_for_status()
    again = arrived(post, 3)[2]
    assert again["Subject"] == f"desk{NB}: les livraisons arrivent à nouveau"
    assert len({one["Message-ID"] for one in post.messages()}) == 3


def test_who_asked_for_an_export_is_written_to_when_it_ends(
    server: tuple[Server, httpx.Client], post: MailServer
) -> None:
    there, root = server
    berta = person(root, there, "berta")
    asked = {"export": "messages", "time_zone": "Europe/Paris", "mail": True, **RANGE}
    refused = berta.post("/exports", json=asked)
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "mail: found true, but your account has no e-mail address; give it one on the page Account",
    )
    assert berta.get("/exports", params={"owner": "berta"}).json()["total"] == 0
    form = {"_csrf": berta.headers["X-CSRF-Token"]}
    wrong = berta.post(f"{there.url}/account/email", data={**form, "email": "berta"})
    assert wrong.status_code == 400
    assert (
        "'berta' is no e-mail address; write one such as anna@example.com, or nothing"
    ) in text_of(wrong)
    kept = berta.post(f"{there.url}/account/email", data={**form, "email": "berta@example.com"})
    assert kept.headers["location"] == "/account?done=email"
    run_id = berta.post("/exports", json=asked).raise_for_status().json()["id"]
    (ready,) = arrived(post, 1)
    run = wait_for(berta, run_id)
    assert ready["To"] == "berta@example.com"
    assert ready["Subject"] == ("Your export is ready: messages_2026-06-08_Europe-Paris_red.csv")
    assert part(ready, "plain") == (
        "The export that you asked for is finished.\n"
        "\n"
        "See it here, after signing in:\n"
        "\n"
        f"{PUBLIC}/exports/{run_id}\n"
        "\n"
        "Exports: messages\n"
        "Range: 2026-06-08 (Europe/Paris)\n"
        f"Rows: {run['file']['rows']}\n"
        f"Size: {run['file']['bytes']:,} bytes\n"
        f"SHA-256: {run['file']['sha256']}\n"
        "\n"
        "-- \n"
        "Tawny sends this because you asked to be told of this export.\n"
    )
    # Nobody asked to be told of the second one; the page asks by its box.
    wait_for(berta, berta.post("/exports", json={**asked, "mail": False}).json()["id"])
    page = berta.get(f"{there.url}/exports")
    assert "To berta@example.com, also when it fails." in text_of(page)
    fields = {**form, "type": "messages", "time_zone": "Europe/Paris", "preset": "custom",
              "first_day": "2026-06-08", "last_day": "2026-06-08", "format": "csv",
              "dialect": "machine", "headers": "en", "mail": "1"}  # fmt: skip
    assert berta.post(f"{there.url}/exports", data=fields).status_code == 303
    assert [one["Subject"] for one in arrived(post, 2)] == [ready["Subject"]] * 2


def test_a_mail_that_was_not_taken_is_sent_later(
    server: tuple[Server, httpx.Client], post: MailServer
) -> None:
    there, root = server
    later = person(root, there, "later", email="later@example.com")
    asked = {"export": "messages", "mail": True, **RANGE}
    wait_for(later, later.post("/exports", json=asked).raise_for_status().json()["id"])

    def tries() -> list[tuple[int, int]]:
        with sqlite3.connect(there.home / "state.db", timeout=60) as state:
            return state.execute(
                "SELECT tries, next_try_ms - first_try_ms FROM mailings"
            ).fetchall()

    until(lambda: tries() == [(1, 60_000)])
    assert post.messages() == []
    change(there, "UPDATE mailings SET next_try_ms = 0")
    arrived(post, 1)
    until(lambda: tries() == [])


def test_who_may_not_come_in_any_more_gets_no_mail(
    server: tuple[Server, httpx.Client], post: MailServer
) -> None:
    there, root = server
    gone = person(root, there, "gone", email="later@example.com")
    user_id = next(one["id"] for one in root.get("/users").json() if one["name"] == "gone")
    (post.folder / "seen").unlink(missing_ok=True)
    run_id = gone.post("/exports", json={"export": "messages", "mail": True, **RANGE}).json()["id"]
    wait_for(gone, run_id)

    until(lambda: sent_later(there) == 1)
    root.patch(f"/users/{user_id}", json={"disabled": True}).raise_for_status()
    change(there, "UPDATE mailings SET next_try_ms = 0")
    until(lambda: sent_later(there) == 0)
    assert post.messages() == []


def test_a_server_that_sends_no_mail_says_so(world: World) -> None:
    answer = world.root.post("/exports", json={"export": "open-conversations", "mail": True})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "mail: found true, but nothing says by which server and from whom mail is sent; whoever "
        "runs Tawny sets TAWNY_SMTP_URL and TAWNY_MAIL_FROM",
    )
    page = world.root.get(world.root.base_url.join("/account"))
    assert "Mail is not set up here; whoever runs Tawny sets TAWNY_SMTP_URL" in text_of(page)
    assert 'name="mail"' not in world.root.get(world.root.base_url.join("/exports")).text


def test_whom_a_schedule_names_is_told_as_long_as_that_person_may_see_it(
    server: tuple[Server, httpx.Client], post: MailServer
) -> None:
    there, root = server
    erik = person(root, there, "erik", email="erik@example.com")
    clara = person(root, there, "clara", email="clara@example.com")
    dora = person(root, there, "dora", email="later@example.com")
    person(root, there, "blue", channels=["blue"])
    desk = there.home.parent / "out" / "named"
    desk.mkdir()
    root.post("/destinations", json={"name": "named", "kind": "folder", "path": str(desk)})
    asked = {"name": "named", "exports": ["messages"], "frequency": "daily", "delay": "15m",
             "destinations": ["named"], "time_zone": "Europe/Paris"}  # fmt: skip
    for name in ("blue", "nobody"):
        refused = erik.post("/schedules", json={**asked, "notify": ["clara", name]})
        assert (refused.status_code, refused.json()["detail"]) == (
            400,
            f"notify: found '{name}', who has no account here or may not see all that the schedule "
            "exports; allowed are people who may (an administrator can give them its channels)",
        )
    made = erik.post("/schedules", json={**asked, "notify": ["root", " Clara", "dora", "clara"]})
    assert made.raise_for_status().json()["notify"] == ["clara", "dora", "root"]
    schedule_id = made.json()["id"]
    desk.rmdir()
    (post.folder / "seen").unlink(missing_ok=True)
    erik.post(f"/schedules/{schedule_id}/backfill", json=RANGE).raise_for_status()

    told = {str(one["To"]): one for one in arrived(post, 2)}
    assert sorted(told) == ["clara@example.com", "erik@example.com"]
    mail = told["clara@example.com"]
    assert mail["Subject"] == "named: named was not delivered"
    why = f"{desk}: there is no such folder; make it, or mount the disk it is on"
    # Clara may not open the page of somebody else's schedule: there is no link to it.
    assert part(mail, "plain") == (
        "named could not be delivered to named. This is in the way:\n"
        "\n"
        f"{why}\n"
        "\n"
        "It is tried again by itself for 24 hours. You are told again only when it is given up, or "
        "when deliveries there arrive again.\n"
        "\n"
        "-- \n"
        "Tawny sends this because the schedule named of erik names you.\n"
    )
    line = f"named: named was not delivered and is tried again: {why}"
    assert bell(clara) == bell(dora) == [(None, line)]
    assert bell(root)[0] == bell(erik)[0] == (f"/schedules/{schedule_id}", line)

    # Clara loses the right, Dora's mail still waits when she does; only others learn the end.
    until(lambda: sent_later(there) == 1)
    numbers = {one["name"]: one["id"] for one in root.get("/users").json()}
    for name in ("clara", "dora"):
        root.patch(f"/users/{numbers[name]}", json={"channels": ["blue"]}).raise_for_status()
    change(there, "UPDATE mailings SET next_try_ms = 0")
    until(lambda: sent_later(there) == 0)
    assert bell(clara) == bell(dora) == []
    desk.mkdir()
    (delivery,) = erik.get("/deliveries").json()["items"]
    erik.post(f"/deliveries/{delivery['id']}/retry").raise_for_status()
    end = (f"/schedules/{schedule_id}", "named: deliveries arrive again")
    until(lambda: bell(root)[0] == bell(erik)[0] == end)
    assert str(arrived(post, 3)[2]["To"]) == "erik@example.com"
    assert bell(clara) == []
    root.delete(f"/users/{numbers['dora']}").raise_for_status()
    named = erik.get(f"/schedules/{schedule_id}").json()["notify"]
    assert named == ["clara", "root"]


def sent_later(server: Server) -> int:
    """How many mails wait for their second try."""
    with sqlite3.connect(server.home / "state.db", timeout=60) as state:
        return int(state.execute("SELECT count(*) FROM mailings WHERE tries = 1").fetchone()[0])


def bell(client: httpx.Client) -> list[tuple[str | None, str]]:
    """Page and words of what the bell lists of deliveries, newest first."""
    page = client.get(client.base_url.join("/notifications")).raise_for_status().text
    lines = re.findall(r'<(?:a class="break" href="([^"]*)"|span class="break")>(.*?)</', page)
    found = [(path or None, html.unescape(words)) for path, words in lines]
    return [(path, words) for path, words in found if ": deliver" in words or ": named" in words]
