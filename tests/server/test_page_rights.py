"""Every page and part of a page, asked by everybody, against a written table; and what somebody
tries who means harm.

The routes are read from the application itself: one that is not in the table fails the test. The
columns are those of `test_rights`: nobody, an ingest token, the supervisor of another channel, the
supervisor of the run's channel, an administrator. 303 for nobody leads to the sign-in page.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import re
import threading
import time
from pathlib import Path

import httpx
import pytest

from server.conftest import World
from server.running import PASSWORD, RANGE, token_of, until, wait_for
from server_process import LONGEST_WAIT_S
from tawny.server.app import create_app
from tawny.server.pages.static_files import static_files
from tawny.settings import Settings
from tawny.sources.kinds import KINDS

TABLE = """
method path                          nobody ingest blue red  root
GET    /                             303    403    200  200  200
GET    /account                      303    403    200  200  200
POST   /account/email                303    403    303  303  303
POST   /account/language             303    403    303  303  303
POST   /account/password             303    403    400  400  400
POST   /account/theme                303    403    303  303  303
GET    /audit                        303    403    403  403  200
GET    /audit.csv                    303    403    403  403  200
GET    /deliveries                   303    403    200  200  200
POST   /deliveries/DELIVERY/retry    303    403    404  404  303
GET    /destinations                 303    403    403  403  200
POST   /destinations                 303    403    403  403  400
GET    /destinations/new             303    403    403  403  200
GET    /destinations/PLACE           303    403    403  403  200
POST   /destinations/PLACE           303    403    403  403  400
POST   /destinations/PLACE/test      303    403    403  403  303
POST   /destinations/PLACE/delete    303    403    403  403  303
GET    /dictionary                   303    403    200  200  200
GET    /dictionary/messages          303    403    200  200  200
GET    /erasures                     303    403    403  403  200
POST   /erasures                     303    403    403  403  400
GET    /erasures/ERASURE             303    403    403  403  404
GET    /exports                      303    403    200  200  200
POST   /exports                      303    403    400  303  303
POST   /exports/bounds               303    403    200  200  200
POST   /exports/channels             303    403    200  200  200
POST   /exports/columns              303    403    200  200  200
POST   /exports/estimate             303    403    200  200  200
GET    /exports/compared             303    403    400  400  400
GET    /exports/zones                303    403    200  200  200
GET    /exports/RUN                  303    403    404  200  200
POST   /exports/RUN/again            303    403    404  303  303
POST   /exports/RUN/cancel           303    403    404  403  409
POST   /exports/RUN/delete           303    403    404  403  303
POST   /exports/RUN/delete-file      303    403    404  403  303
GET    /exports/RUN/changed          303    403    404  200  200
GET    /exports/RUN/charts           303    403    404  200  200
GET    /exports/RUN/explanation      303    403    404  400  400
GET    /explanations                 303    403    400  400  400
GET    /timelines/never-sent         303    403    404  404  404
GET    /exports/RUN/file             303    403    404  200  200
GET    /exports/RUN/files/teams      303    403    404  404  404
POST   /exports/RUN/next             303    403    404  303  303
POST   /exports/RUN/send             303    403    404  303  303
GET    /exports/RUN/parts            303    403    404  200  200
GET    /exports/RUN/rows             303    403    404  200  200
GET    /exports/RUN/summary          303    403    404  200  200
POST   /exports/RUN/remake           303    403    404  303  303
POST   /exports/RUN/with-columns     303    403    404  303  303
GET    /exports/RUN/receipt          303    403    404  200  200
GET    /exports/RUN/row              303    403    404  200  200
GET    /fetch/LINK                   404    404    404  404  404
HEAD   /fetch/LINK                   404    404    404  404  404
GET    /figures                      303    403    200  200  200
GET    /freshness                    303    403    200  200  200
GET    /freshness/range              303    403    200  200  200
GET    /live                         303    403    200  200  200
GET    /live/now                     303    403    200  200  200
GET    /log                          303    403    200  200  200
GET    /log/numbers                  303    403    200  200  200
GET    /notifications                303    403    200  200  200
GET    /people                       303    403    403  403  200
POST   /people                       303    403    403  403  303
GET    /people/groups                303    403    403  403  200
POST   /people/groups                303    403    403  403  303
POST   /people/groups/GROUP          303    403    403  403  303
POST   /people/groups/GROUP/delete   303    403    403  403  303
POST   /people/tokens                303    403    403  403  200
POST   /people/tokens/TOKEN/revoke   303    403    403  403  303
POST   /people/USER                  303    403    403  403  303
POST   /people/USER/delete           303    403    403  403  303
GET    /people/USER/sessions         303    403    403  403  200
POST   /sessions/987654/end          303    403    404  404  404
POST   /people/USER/unlock           303    403    403  403  303
GET    /reset/LINK                   404    404    404  404  404
POST   /reset/LINK                   404    404    404  404  404
POST   /saved-exports                303    403    200  200  200
POST   /saved-exports/SAVED/run      303    403    404  404  303
POST   /saved-exports/SAVED/delete   303    403    404  404  303
GET    /schedules                    303    403    200  200  200
POST   /schedules                    303    403    303  303  303
POST   /schedules/meaning            303    403    200  200  200
GET    /schedules/new                303    403    200  200  200
GET    /schedules/SCHEDULE           303    403    404  404  200
POST   /schedules/SCHEDULE           303    403    404  404  400
GET    /schedules/SCHEDULE/edit      303    403    404  404  200
GET    /schedules/SCHEDULE/news      303    403    404  404  200
POST   /schedules/SCHEDULE/pause     303    403    404  404  303
POST   /schedules/SCHEDULE/resume    303    403    404  404  303
POST   /schedules/SCHEDULE/run       303    403    404  404  303
POST   /schedules/SCHEDULE/backfill  303    403    404  404  400
POST   /schedules/SCHEDULE/delete    303    403    404  404  303
GET    /set-up/LINK                  404    404    404  404  404
POST   /set-up/LINK                  404    404    404  404  404
GET    /settings                     303    403    403  403  200
GET    /sign-in                      200    303    303  303  303
POST   /sign-in                      303    303    303  303  303
POST   /sign-out                     303    403    303  303  303
GET    /source-kinds/chatwoot        303    403    403  403  200
POST   /source-kinds/chatwoot        303    403    403  403  400
POST   /source-kinds/chatwoot/test   303    403    403  403  400
GET    /sources                      303    403    403  403  200
GET    /sources/SOURCE               303    403    403  403  200
POST   /sources/SOURCE               303    403    403  403  303
POST   /sources/SOURCE/check         303    403    403  403  303
POST   /sources/SOURCE/delete        303    403    403  403  303
POST   /sources/SOURCE/pause         303    403    403  403  303
POST   /sources/SOURCE/resume        303    403    403  403  303
GET    /sources/SOURCE/state         303    403    403  403  200
POST   /sources/SOURCE/sync          303    403    403  403  303
POST   /sources/SOURCE/webhook-address 303  403    403  403  409
GET    /start                        303    403    403  403  200
GET    /start/live                   303    403    403  403  200
POST   /start/sample                 303    403    403  403  409
POST   /start/sample/remove          303    403    403  403  303
POST   /start/token                  303    403    403  403  200
GET    /static/owl.svg               200    200    200  200  200
HEAD   /static/owl.svg               200    200    200  200  200
GET    /verifications                303    403    403  403  200
POST   /verifications                303    403    403  403  303
GET    /verifications/VERIFICATION   303    403    403  403  404
GET    /no/such                      404    404    404  404  404
"""

CALLERS = ("nobody", "ingest", "blue", "red", "root")
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
OF_THE_API = ("/api/", "/health", "/ready", "/metrics")


def routes(home: Path) -> set[tuple[str, str]]:
    """Method and path of everything that is no part of the API."""
    app = create_app(home, Settings({}))
    app.state.services.acknowledger.close()
    app.state.services.database.close()
    return {
        (str(method), route.path_format)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if not f"{route.path}/".startswith(OF_THE_API) and str(method) != "OPTIONS"
    }


def test_every_page_is_in_the_table(tmp_path: Path) -> None:
    shapes = {
        "RUN": "{run_id}", "TOKEN": "{token_id}", "USER": "{user_id}", "LINK": "{link}",
        "SAVED": "{saved_id}", "GROUP": "{group_id}", "SCHEDULE": "{schedule_id}",
        "DELIVERY": "{delivery_id}", "PLACE": "{destination_id}", "987654": "{session_id}",
        "teams": "{export}", "ERASURE": "{erasure_id}",
        "VERIFICATION": "{verification_id}", "SOURCE": "{source}", "chatwoot": "{kind}",
        "messages": "{name}", "owl.svg": "{name}", "/no/such": "/{rest}",
        "never-sent": "{conversation}",
    }  # fmt: skip
    known = set()
    for method, path, *_ in ROWS:
        for name, parameter in shapes.items():
            path = path.replace(name, parameter)
        known.add((method, path))
    assert routes(tmp_path) == known


@pytest.mark.parametrize(("method", "path", "answers"), [(r[0], r[1], r[2:]) for r in ROWS])
def test_rights(world: World, method: str, path: str, answers: list[str]) -> None:
    found = []
    for name in CALLERS:
        with contextlib.closing(page_client(world, name)) as client:
            found.append(ask(world, client, name, method, path))
    assert dict(zip(CALLERS, found, strict=True)) == dict(
        zip(CALLERS, (int(answer) for answer in answers), strict=True)
    )


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_can_be_set_up(world: World, kind: str, language: str) -> None:
    with contextlib.closing(page_client(world, "root")) as client:
        page = client.get(f"/source-kinds/{kind}", headers={"Accept-Language": language})
        assert page.status_code == 200
        assert f'action="/source-kinds/{kind}"' in page.text


def page_client(world: World, name: str) -> httpx.Client:
    """A browser without scripts, or a program that asks for pages."""
    client = httpx.Client(base_url=world.server.url, timeout=LONGEST_WAIT_S)
    if name == "ingest":
        client.headers["Authorization"] = world.ingest.headers["Authorization"]
    elif name != "nobody":
        answer = client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client


def ask(world: World, client: httpx.Client, name: str, method: str, path: str) -> int:
    deletes = "delete" in path and name == "root"  # what nobody else needs
    url = path.replace("LINK", "x" * 32)
    if "RUN" in url:
        url = url.replace("RUN", world.spare_run() if deletes else world.red_run_id)
    if "TOKEN" in url:
        token_of(world.root, "exports:read")
        url = url.replace("TOKEN", str(world.root.get("/tokens").json()[0]["id"]))
    if "SAVED" in url:
        url = url.replace("SAVED", str(world.saved_id(f"{path} {name}")))
    if "GROUP" in url:
        url = url.replace("GROUP", str(world.group_id(f"{path} {name}")))
    if "SCHEDULE" in url:
        named = "gone" if "delete" in path else "of pages"
        url = url.replace("SCHEDULE", str(world.schedule_id(named)))
    if "DELIVERY" in url:
        url = url.replace("DELIVERY", str(world.delivery_id()))
    if "PLACE" in url:
        named = "gone" if "delete" in path else "of pages"
        url = url.replace("PLACE", str(world.destination_id(named)))
    if "SOURCE" in url:
        url = url.replace("SOURCE", world.source_name(f"page-{path.split('/')[-1]}"))
    if path in ("/schedules", "/exports/RUN/send"):
        world.destination_id("of schedules")
    if "USER" in url:
        url = url.replace("USER", str(world.user_id("gone" if "delete" in path else "blue")))
    data = {
        "/exports": {"type": "topics", "preset": "yesterday", "zone": "UTC", "channel": "red",
                     "which_channels": "some", "format": "csv", "headers": "en"},
        "/exports/RUN/send": {"destination": "of schedules"},
        "/schedules": {"name": f"page of {name}", "type": "messages", "frequency": "daily",
                       "destination": "of schedules"},
        "/sign-in": {"name": "red", "password": PASSWORD},
        "/people": {"name": f"page-{name}", "password": PASSWORD, "role": "supervisor"},
        "/people/USER": {"role": "supervisor", "channel": "blue"},
        "/people/groups": {"name": f"page-{name}", "channel": "red"},
        "/people/groups/GROUP": {"name": f"page of {name}", "channel": "red"},
        "/people/tokens": {"name": "matrix", "scope": "exports:read", "days": "30"},
        "/account/password": {"old": "wrong", "password": PASSWORD, "again": "other"},
        "/account/language": {"language": "en"},
        "/account/theme": {"theme": "system"},
    }.get(path, {})  # fmt: skip
    if path == "/live":
        with client.stream(method, url) as stream:
            return stream.status_code
    if method == "POST":
        return client.post(url, data=data).status_code
    return client.request(method, url).status_code


def test_a_channel_without_events_names_no_others(world: World) -> None:
    world.root.post(
        "/users",
        json={"name": "green", "password": PASSWORD, "role": "supervisor", "channels": ["green"]},
    )
    with contextlib.closing(world.server.signed_in("green")) as green:
        request = {"export": "messages", "channels": ["green"], **RANGE}
        for path in ("/exports", "/estimate"):
            answer = green.post(path, json=request)
            assert answer.status_code == 400
            assert answer.json()["detail"] == (
                "channels: those given to you have no events yet; come back later"
            )


def test_news_ends_with_the_session_also_while_there_is_news(world: World) -> None:
    told: list[tuple[float, str]] = []
    ended = threading.Event()
    with contextlib.closing(page_client(world, "red")) as red:

        def listen() -> None:
            with red.stream("GET", "/live", timeout=LONGEST_WAIT_S) as stream:
                told.extend((time.monotonic(), line) for line in stream.iter_lines())
            ended.set()

        listening = threading.Thread(target=listen)
        listening.start()
        until(lambda: told or None)
        with contextlib.closing(page_client(world, "red")) as elsewhere:
            elsewhere.cookies = red.cookies
            elsewhere.headers["X-CSRF-Token"] = red.headers["X-CSRF-Token"]
            assert elsewhere.post("/sign-out").status_code == 303
        signed_out = time.monotonic()
        request = {"export": "messages", "channels": ["red"], **RANGE}
        while not ended.is_set() and time.monotonic() < signed_out + 14:
            wait_for(world.root, world.root.post("/exports", json=request).json()["id"])
        listening.join(20)
    assert ended.is_set()
    late = [line for at, line in told if at > signed_out + 1.5 and line.startswith("data:")]
    assert late == []


def test_many_guesses_at_the_same_moment_are_all_counted(world: World) -> None:
    world.root.post("/users", json={"name": "rushed", "password": PASSWORD, "role": "supervisor"})

    def guess(number: int) -> int:
        with world.server.client() as client:
            body = {"name": "rushed", "password": f"guess number {number}"}
            return client.post("/session", json=body).status_code

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        found = sorted(pool.map(guess, range(12)))
    assert found == [401] * 5 + [429] * 7


def test_the_present_password_cannot_be_guessed_from_a_session(world: World) -> None:
    world.root.post("/users", json={"name": "left", "password": PASSWORD, "role": "supervisor"})
    with contextlib.closing(page_client(world, "left")) as client:
        new = {"password": "another password", "again": "another password"}
        found = [
            client.post("/account/password", data={"old": f"guess {n}", **new}).status_code
            for n in range(6)
        ]
        assert found == [400] * 5 + [429]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
     {"Origin": "https://evil.example"}, {"Origin": "null"}],
)  # fmt: skip
def test_a_form_of_another_site_signs_nobody_in(world: World, headers: dict[str, str]) -> None:
    with contextlib.closing(page_client(world, "nobody")) as client:
        form = {"name": "red", "password": PASSWORD}
        answer = client.post("/sign-in", data=form, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        ours = {"Origin": world.server.url}
        assert client.post("/sign-in", data=form, headers=ours).status_code == 303


def test_every_form_needs_the_token_of_the_session(world: World) -> None:
    with contextlib.closing(page_client(world, "root")) as client:
        del client.headers["X-CSRF-Token"]
        for method, path, *_ in ROWS:
            if method == "POST" and path not in ("/sign-in", "/set-up/LINK"):
                assert ask(world, client, "root", method, path) == 403, path


def test_a_session_is_never_one_that_was_there_before(world: World) -> None:
    planted = "planted-by-somebody-else"
    with contextlib.closing(page_client(world, "nobody")) as client:
        client.cookies.set("tawny_session", planted)
        answer = client.post("/sign-in", data={"name": "red", "password": PASSWORD})
        cookie = answer.headers["set-cookie"]
        assert planted not in cookie
        assert re.search(r"HttpOnly", cookie, re.IGNORECASE)
        assert re.search(r"SameSite=lax", cookie, re.IGNORECASE)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"]
)
def test_nobody_is_led_elsewhere(world: World, target: str) -> None:
    with contextlib.closing(page_client(world, "nobody")) as client:
        form = {"name": "red", "password": PASSWORD, "next": target}
        answer = client.post("/sign-in", data=form, headers={"Host": "evil.example"})
        assert answer.headers["location"] == "/"
        form = {"language": "en", "back": target, "_csrf": ""}
        with contextlib.closing(page_client(world, "red")) as red:
            assert red.post("/account/language", data=form).headers["location"] == "/"


def test_private_answers_are_kept_by_nobody(world: World) -> None:
    with contextlib.closing(page_client(world, "red")) as client:
        for path in ("/exports", f"/exports/{world.red_run_id}", "/log", "/live/now",
                     f"/exports/{world.red_run_id}/receipt"):  # fmt: skip
            assert client.get(path).headers["cache-control"] == "no-store", path
        file = client.get(f"/exports/{world.red_run_id}/file")
        assert file.headers["cache-control"] == "private, no-cache"


def test_a_page_download_goes_on_where_it_broke_off(world: World) -> None:
    with contextlib.closing(page_client(world, "red")) as client:
        path = f"/exports/{world.red_run_id}/file"
        whole = client.get(path)
        assert int(whole.headers["content-length"]) == len(whole.content)
        rest = client.get(path, headers={"Range": "bytes=100-", "If-Range": whole.headers["etag"]})
        assert (rest.status_code, rest.content) == (206, whole.content[100:])


def test_static_files_are_kept_for_ever_under_a_name_of_their_content(world: World) -> None:
    with contextlib.closing(page_client(world, "nobody")) as client:
        page = client.get("/sign-in").text
        found = re.findall(r'"(/static/[^"?]+)\?(\w{10})"', page)
        assert len(found) >= 3
        for path, digest in found:
            answer = client.get(f"{path}?{digest}")
            file = static_files()[path.removeprefix("/static/")]
            assert answer.content == file.plain
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["content-encoding"] == "gzip"
            assert file.digest == digest
            plain = client.get(path, headers={"Accept-Encoding": "identity"})
            assert (plain.content, "content-encoding" in plain.headers) == (file.plain, False)
        for path in ("/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py",
                     "/static//etc/passwd", "/static/"):  # fmt: skip
            assert client.get(path).status_code == 404, path


def test_no_secret_is_in_the_log(world: World) -> None:
    secret = token_of(world.root, "exports:read")
    assert world.server.client(secret).get(f"/exports?q={secret}").status_code == 200
    world.server.client(f"{secret}x").get("/exports")
    with contextlib.closing(page_client(world, "red")) as red:
        cookie = red.cookies["tawny_session"]
        red.get("/exports")
    log = world.server.log()
    for text in (secret, cookie, PASSWORD):
        assert text not in log


def test_the_same_key_of_two_people_is_two_runs(world: World) -> None:
    request = {"export": "topics", "channels": ["red"], **RANGE}
    headers = {"Idempotency-Key": "shared"}
    ids = [client.post("/exports", json=request, headers=headers).json()["id"]
           for client in (world.root, world.red, world.red)]  # fmt: skip
    assert ids[0] != ids[1] == ids[2]
