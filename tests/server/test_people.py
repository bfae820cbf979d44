"""People: names that cannot be mistaken, guessing that keeps nobody out, the way back in, what ends
with a new password, what can be deleted."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import argon2
import httpx
import pytest

from commands import tawny
from server.conftest import World
from server.running import PASSWORD, RANGE, Server, running, send, small_log, token_of, wait_for
from server_process import LONGEST_WAIT_S

OTHER = "another horse battery"


def sign_in(client: httpx.Client, name: str, password: str) -> int:
    """What the API answers to a try."""
    return client.post("/session", json={"name": name, "password": password}).status_code


def made(root: httpx.Client, name: str, **more: object) -> int:
    """A new person's number."""
    body = {"name": name, "password": PASSWORD, "role": "supervisor", **more}
    answer = root.post("/users", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


@pytest.mark.parametrize(
    ("name", "status", "detail"),
    [
        ("ro\u200bot", 400, "name: found the character U+200B (zero width space), which cannot be "
                            "seen; leave it out"),
        ("root\u202e", 400, "name: found the character U+202E (right-to-left override), which "
                            "cannot be seen; leave it out"),
        ("root\u3164", 400, "name: found the character U+1160 (hangul jungseong filler), which "
                            "cannot be seen; leave it out"),
        ("r\u043e\u043et", 400, "name: found letters of several scripts (cyrillic, latin), some "
                                "of which look the same; allowed letters of one"),
        ("r00t", 409, "name: 'r00t' looks like 'root', which is taken; choose another"),
        ("ｒｏｏｔ", 409, "name: 'root' is taken; choose another"),
        ("ROOT", 409, "name: 'root' is taken; choose another"),
    ],
)  # fmt: skip
def test_a_name_cannot_be_mistaken_for_another(
    world: World, name: str, status: int, detail: str
) -> None:
    body = {"name": name, "password": PASSWORD, "role": "administrator"}
    answer = world.root.post("/users", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    shown = {**body, "name": "fine", "display_name": "root\u202egnp"}
    answer = world.root.post("/users", json=shown)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "display_name: found the character U+202E (right-to-left override), which cannot be seen; "
        "leave it out",
    )


@pytest.mark.parametrize("name", ["анна", "山田たろう", "हिन्दी", "é.dupont@example.com", "김철수"])
def test_names_of_every_script_are_names(world: World, name: str) -> None:
    made(world.root, name)
    assert sign_in(world.server.client(), name.upper(), PASSWORD) == 201


def test_guessing_keeps_nobody_out(world: World) -> None:
    """A stranger slows down strangers only: the person's own browser is let through, and an
    administrator sees it and ends it, by hand or with a new password."""
    user_id = made(world.root, "guessed")
    own, stranger = world.server.client(), world.server.client()
    assert sign_in(own, "guessed", PASSWORD) == 201
    assert [sign_in(stranger, "guessed", "wrong") for _ in range(6)] == [401] * 5 + [429]
    right = stranger.post("/session", json={"name": "guessed", "password": PASSWORD})
    assert right.status_code == 429
    assert 0 < int(right.headers["retry-after"]) <= 900
    del own.cookies["tawny_session"]
    assert sign_in(own, "guessed", PASSWORD) == 201

    def waits() -> str | None:
        users = world.root.get("/users").json()
        found: str | None = next(u for u in users if u["id"] == user_id)["sign_in_waits_until"]
        return found

    assert waits() is not None
    page = world.root.get(f"{world.server.url}/people").text
    assert "5 wrong passwords from 127.0.0.1: sign-in there waits until" in page
    freed = world.root.post(f"/users/{user_id}/unlock")
    assert (freed.status_code, freed.json()["sign_in_waits_until"]) == (200, None)
    assert waits() is None
    assert sign_in(stranger, "guessed", PASSWORD) == 201
    stranger.cookies.clear()
    assert [sign_in(stranger, "guessed", "wrong") for _ in range(6)] == [401] * 5 + [429]
    world.root.patch(f"/users/{user_id}", json={"password": OTHER})
    assert waits() is None
    assert sign_in(stranger, "guessed", OTHER) == 201
    actions = [entry["action"] for entry in world.root.get("/audit").json()["items"]]
    assert {"sign_in_freed", "sign_in_limited"} <= set(actions)


def test_a_known_browser_does_not_guess_for_ever(world: World) -> None:
    """Its cookie gives five tries of its own, and then counts for nothing."""
    made(world.root, "cookied")
    own = world.server.client()
    assert sign_in(own, "cookied", PASSWORD) == 201
    del own.cookies["tawny_session"]
    found = [sign_in(own, "cookied", "wrong") for _ in range(11)]
    assert found == [401] * 10 + [429]
    # Of another person it is worth nothing.
    made(world.root, "stranger-to-it")
    assert [sign_in(own, "stranger-to-it", "wrong") for _ in range(6)] == [401] * 5 + [429]
    world.root.post(f"/users/{world.user_id('cookied')}/unlock")
    world.root.post(f"/users/{world.user_id('stranger-to-it')}/unlock")


def test_tokens_end_for_good_with_a_lock_out_and_a_new_password(world: World) -> None:
    user_id = made(world.root, "tokened", channels=["red"])
    for change, back, password in (
        ({"disabled": True}, {"disabled": False}, PASSWORD),
        ({"password": OTHER}, {}, OTHER),
    ):
        before = PASSWORD
        client = world.server.signed_in("tokened", before)
        program = world.server.client(token_of(client, "exports:read"))
        assert program.get("/exports").status_code == 200
        for body in (change, back):
            assert world.root.patch(f"/users/{user_id}", json=body).status_code == 200
        assert program.get("/exports").status_code == 401
        assert client.get("/session").status_code == 401
        owned = [t for t in world.root.get("/tokens").json() if t["owner"] == "tokened"]
        assert all(token["revoked_at"] for token in owned)
        assert sign_in(world.server.client(), "tokened", password) == 201
    # Who changes the own password keeps the programs going.
    client = world.server.signed_in("tokened", OTHER)
    program = world.server.client(token_of(client, "exports:read"))
    form = {"old": OTHER, "password": PASSWORD, "again": PASSWORD}
    address = f"{world.server.url}/account/password"
    assert client.post(address, data=form).status_code == 303
    assert program.get("/exports").status_code == 200


def test_a_person_is_deleted(world: World) -> None:
    user_id = made(world.root, "leaver", channels=["red"])
    leaver = world.server.signed_in("leaver")
    program = world.server.client(token_of(leaver, "exports:read"))
    run_id = leaver.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
    assert wait_for(leaver, run_id)["state"] == "ready"
    answer = world.root.delete(f"/users/{user_id}")
    assert (answer.status_code, answer.text) == (204, "")
    assert leaver.get("/session").status_code == 401
    assert program.get("/exports").status_code == 401
    assert sign_in(world.server.client(), "leaver", PASSWORD) == 401
    assert world.root.delete(f"/users/{user_id}").json()["detail"] == (
        f"there is nobody with the number {user_id}"
    )
    # What was done stays.
    assert world.root.get(f"/exports/{run_id}").json()["owner"] == "leaver"
    assert world.root.get(f"/exports/{run_id}/file").status_code == 200
    entries = world.root.get("/audit", params={"limit": 1000}).json()["items"]
    done = {entry["action"] for entry in entries if entry["actor"] == "leaver"}
    assert {"sign_in", "export_requested"} <= done
    assert [
        entry["actor"] for entry in entries
        if (entry["action"], entry["subject"]) == ("user_deleted", "leaver")
    ] == ["root"]  # fmt: skip


def test_nobody_deletes_the_own_account_by_accident(world: World) -> None:
    answer = world.root.delete(f"/users/{world.user_id('root')}")
    assert (answer.status_code, answer.json()["detail"]) == (
        409, "this is your own account; another administrator can delete it",
    )  # fmt: skip
    assert f'action="/people/{world.user_id("root")}/delete"' not in (
        world.root.get(f"{world.server.url}/people").text
    )


def test_an_export_and_its_file_are_deleted(world: World) -> None:
    run_id = world.spare_run()
    folder = world.server.home / "exports" / run_id
    answer = world.root.delete(f"/exports/{run_id}/file")
    assert (answer.status_code, answer.json()["state"]) == (200, "expired")
    assert not folder.exists()
    answer = world.root.get(f"/exports/{run_id}/file")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "this export has no file: its time was over, somebody deleted it, or a contact in it was "
        "erased; run it again",
    )
    assert world.root.get(f"/exports/{run_id}/receipt").status_code == 200
    assert world.root.delete(f"/exports/{run_id}").status_code == 204
    assert world.root.get(f"/exports/{run_id}").json()["detail"] == (
        f"there is no export {run_id}, or none that you may see"
    )
    # By the page, both at once.
    run_id = world.spare_run()
    csrf = {"_csrf": world.root.headers["X-CSRF-Token"]}
    page = f"{world.server.url}/exports/{run_id}"
    assert f'action="/exports/{run_id}/delete-file"' in world.root.get(page).text
    assert world.root.post(f"{page}/delete", data=csrf).status_code == 303
    assert not (world.server.home / "exports" / run_id).exists()
    deleted = [
        (entry["action"], entry["actor"]) for entry in world.root.get("/audit").json()["items"]
        if entry["subject"] == run_id and "deleted" in entry["action"]
    ]  # fmt: skip
    assert deleted == [("export_deleted", "root")]


def test_errors_speak_to_people(world: World) -> None:
    red = world.red
    page = httpx.Client(base_url=world.server.url, cookies=red.cookies)
    assert "Only administrators may do this; ask one of them" in page.get("/people").text
    assert "It does not exist, or it was not given to you." in page.get("/exports/6958").text
    assert red.get("/users").json()["detail"] == "only administrators may do this; ask one of them"
    assert (
        world.ingest.get("/exports")
        .json()["detail"]
        .startswith("this token may not do this: it would need the scope exports:read")
    )


HEADING = re.compile(r"<h1>(.*?)</h1>")


def heading(server: Server, path: str, language: str = "en") -> tuple[int, str]:
    """Status and heading of a page that nobody has to sign in for."""
    answer = httpx.get(
        f"{server.url}{path}", headers={"Accept-Language": language}, timeout=LONGEST_WAIT_S
    )
    [found] = HEADING.findall(answer.text)
    return answer.status_code, found


def test_the_first_way_in_and_the_way_back(tmp_path: Path) -> None:
    """A link says what it is; who has lost the last administrator's password gets in again, while
    the server runs."""
    home = tmp_path / "home"
    with running(home) as server:
        nobody = "Nobody can sign in yet. Open the link that the server printed when it started"
        assert nobody in httpx.get(f"{server.url}/sign-in").text
        first = server.set_up_secret()
        assert heading(server, f"/set-up/{first}") == (200, "Welcome to Tawny")
        unlike = {"name": "root", "display_name": "Root", "password": PASSWORD, "again": "other"}
        with httpx.Client(base_url=server.url) as browser:
            page = browser.post(f"/set-up/{first}", data=unlike).text
        fields = dict(re.findall(r'<input id="(\w+)"([^>]*)>', page))
        assert ('value="root"' in fields["name"], "autofocus" in fields["name"]) == (True, False)
        assert 'value="Root"' in fields["display_name"]
        assert "autofocus" in fields["password"]
        for name in ("password", "again"):
            assert 'aria-invalid="true"' in fields[name]
            assert PASSWORD not in fields[name]
        assert heading(server, f"/set-up/{first[:-3]}") == (404, "This is not the set-up link")
        # As another start does.
        server.stop()
        server.start()
        second = server.set_up_secret()
        assert heading(server, f"/set-up/{first}") == (404, "There is a newer link")
        body = {"link": first, "name": "root", "password": PASSWORD}
        answer = server.client().post("/set-up", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            "the set-up link was replaced when the server started again; take the one it printed "
            "last",
        )
        root = server.set_up()
        assert heading(server, f"/set-up/{second}") == (404, "This link has been used")
        assert heading(server, f"/set-up/{second}", "fr") == (404, "Ce lien a déjà servi")
        assert heading(server, "/set-up/x") == (404, "Tawny is set up already")
        assert nobody not in httpx.get(f"{server.url}/sign-in").text
        send(root, small_log())
        program = server.client(token_of(root, "exports:read"))

        result = tawny(home, "user", "reset", "rot")
        assert (result.status, result.err) == (
            2,
            "tawny: NAME: found 'rot', did you mean 'root'?\n",
        )
        result = tawny(home, "user", "reset", "Root", "--url", f"{server.url}/")
        assert result.status == 0
        assert re.fullmatch(r"good for one use, until \d{4}-\d\d-\d\d \d\d:\d\d UTC\n", result.err)
        link = result.out.strip()
        assert link.startswith(f"{server.url}/reset/")
        path = link.removeprefix(server.url)
        assert heading(server, path) == (200, "New password")
        assert heading(server, path, "fr") == (200, "Nouveau mot de passe")
        assert heading(server, path[:-2], "fr") == (404, "Ce lien ne marche pas")

        # In a browser where somebody is signed in, whoever that is.
        browser = httpx.Client(base_url=server.url, timeout=LONGEST_WAIT_S, cookies=root.cookies)
        [token] = re.findall(r'name="_csrf" value="([^"]+)"', browser.get(path).text)
        data = {"password": "short", "again": "short", "_csrf": token}
        short = browser.post(path, data=data)
        assert (short.status_code, "The password is too short" in short.text) == (400, True)
        done = browser.post(path, data=data | {"password": OTHER, "again": OTHER})
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert browser.get("/people").status_code == 200
        assert root.get("/session").status_code == 401
        assert program.get("/exports").status_code == 401
        assert sign_in(server.client(), "root", PASSWORD) == 401
        root = server.signed_in("root", OTHER)
        assert heading(server, path) == (404, "This link does not work")
        entries = [
            (entry["action"], entry["actor"], entry["subject"])
            for entry in root.get("/audit").json()["items"]
        ]
        assert ("password_link_made", "", "root") in entries
        assert ("password_reset", "root", "root") in entries
        assert path.removeprefix("/reset/") not in server.log()


def test_a_hash_of_before_is_renewed_by_who_signs_in(tmp_path: Path) -> None:
    """Made with more memory than Tawny takes now."""
    with running(tmp_path / "home") as server:
        server.set_up()
        server.stop()
        old = argon2.PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4).hash(PASSWORD)
        with contextlib.closing(sqlite3.connect(server.home / "state.db")) as state:
            state.execute("UPDATE users SET password_hash = ?", (old,))
            state.commit()
        server.start()

        def status(password: str) -> int:
            with server.client() as client:
                return sign_in(client, "root", password)

        assert status(OTHER) == 401
        assert _hash_of_root(server) == old
        assert status(PASSWORD) == 201
        assert _hash_of_root(server).startswith("$argon2id$v=19$m=19456,t=4,p=1$")
        assert (status(PASSWORD), status(OTHER)) == (201, 401)


def _hash_of_root(server: Server) -> str:
    with contextlib.closing(sqlite3.connect(server.home / "state.db")) as state:
        return str(
            state.execute("SELECT password_hash FROM users WHERE name = 'root'").fetchone()[0]
        )
