"""The pages of schedules as the server sends them: filled in, refused in words, with rights."""

from __future__ import annotations

import contextlib
import html
import re

import httpx

from server.conftest import World
from server.running import RANGE, until
from server.test_page_rights import page_client


def text_of(answer: httpx.Response) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def fields_of(answer: httpx.Response) -> dict[str, str]:
    """What its form of a schedule is filled in with, as far as a test looks."""
    form = answer.text[answer.text.index('id="export-form"') :]
    name = re.search(r'name="name"[^>]*value="([^"]*)"', form)
    chosen = re.findall(r'name="(frequency|format)" value="([^"]*)"[^>]* checked', form)
    selected = re.search(r'<option value="([^"]+)" selected', form[form.index('id="type"') :])
    assert name and selected
    return {"name": html.unescape(name[1]), "type": selected[1], **dict(chosen)}


def _delivered_run_id(world: World, schedule_id: int) -> str:
    """The run whose file the schedule delivered, once it has."""
    wanted: dict[str, int | str] = {"schedule_id": schedule_id, "state": "delivered"}

    def delivered() -> str | None:
        found = world.root.get("/deliveries", params=wanted).json()["items"]
        return str(found[0]["export"]) if found else None

    return until(delivered)


def test_a_saved_export_or_a_run_fills_the_form_in(world: World) -> None:
    saved = world.saved_id("last week's messages")
    with contextlib.closing(page_client(world, "root")) as root:
        assert fields_of(root.get(f"/schedules/new?saved={saved}")) == {
            "name": "last week's messages", "type": "messages", "frequency": "weekly",
            "format": "csv",
        }  # fmt: skip
        assert fields_of(root.get(f"/schedules/new?run={world.run_id}")) == {
            "name": "Messages", "type": "messages", "frequency": "daily", "format": "csv",
        }  # fmt: skip
        assert (
            f'href="/schedules/new?run={world.run_id}"' in root.get(f"/exports/{world.run_id}").text
        )
        assert f'href="/schedules/new?saved={saved}"' in root.get("/exports").text


def test_what_cannot_be_scheduled_is_said_in_words(world: World) -> None:
    world.schedule_id("there already")
    asked = {"name": "new", "type": "messages", "frequency": "daily", "format": "csv",
             "destination": "of schedules"}  # fmt: skip
    with contextlib.closing(page_client(world, "root")) as root:
        for change, said in (
            ({"name": ""}, "Give it a name."),
            ({"name": "there already"}, "The name 'there already' is taken; choose another"),
            ({"destination": "nowhere"}, "Destinations: found 'nowhere'"),
            ({"time_zone": "Paris"}, "This time zone is not known. Choose one of the list, such as "
                                     "Europe/Paris."),
            ({"delay": "31d"}, "Delay: found '31d'; allowed 0s to 30d, such as 90s, 5m, 1h"),
            ({"wait": "soon"}, "Wait: found 'soon'; allowed 0s to 30d, such as 90s, 5m, 1h, off"),
            ({"which": "several"}, "Choose at least one export, or all of them."),
        ):  # fmt: skip
            answer = root.post("/schedules", data={**asked, **change})
            assert answer.status_code == 400
            assert said in text_of(answer), said
        assert "new" not in {one["name"] for one in world.root.get("/schedules").json()}


def test_the_form_makes_and_changes_what_the_api_shows(world: World) -> None:
    world.destination_id("of schedules")
    asked = {"name": "by form", "which": "several", "export": ["messages", "contacts"],
             "frequency": "hourly", "delay": "1h", "wait": "6h", "content": "no", "paused": "1",
             "format": "csv", "destination": "of schedules", "which_channels": "some",
             "channel": "red", "time_zone": "Asia/Kolkata", "notify": "red, root"}  # fmt: skip
    with contextlib.closing(page_client(world, "root")) as root:
        wrong = root.post("/schedules", data={**asked, "notify": "red nobody"})
        assert "Notify: found 'nobody', who has no account here or may not see" in text_of(wrong)
        assert 'value="red nobody"' in wrong.text
        made = root.post("/schedules", data=asked)
        assert made.status_code == 303, text_of(made)
        number = made.headers["location"].removeprefix("/schedules/").partition("?")[0]
        shown = world.root.get(f"/schedules/{number}").json()
        assert {name: shown[name] for name in ("exports", "frequency", "delay", "wait", "content",
                                               "active", "channels", "time_zone", "owner",
                                               "notify")} == {
            "exports": ["messages", "contacts"], "frequency": "hourly", "delay": "1h",
            "wait": "6h", "content": "no", "active": False, "channels": ["red"],
            "time_zone": "Asia/Kolkata", "owner": "root", "notify": ["red", "root"],
        }  # fmt: skip
        page = text_of(root.get(made.headers["location"]))
        assert "The schedule is made." in page
        assert "Told too when a delivery fails red, root" in page
        edited = {**asked, "name": "by form, later", "delay": "0s", "wait": "off"}
        changed = root.post(f"/schedules/{number}", data=edited)
        assert changed.headers["location"] == f"/schedules/{number}?done=changed"
        shown = world.root.get(f"/schedules/{number}").json()
        assert (shown["name"], shown["delay"], shown["wait"], shown["active"]) == (
            "by form, later", "0s", "off", False,
        )  # fmt: skip
        other = root.post(f"/schedules/{number}", data={**edited, "frequency": "daily"})
        assert "the schedule has hourly, which stays: make a new schedule" in text_of(other)


def test_ranges_of_the_past_and_what_none_are(world: World) -> None:
    number = world.schedule_id("with a past")
    with contextlib.closing(page_client(world, "root")) as root:
        empty = {"from": "2026-06-09", "to": "2026-06-09"}
        answer = root.post(f"/schedules/{number}/backfill", data=empty)
        assert answer.status_code == 400
        assert "No whole range of this schedule that is over lies between 2026-06-09 and " in (
            text_of(answer)
        )
        _delivered_run_id(world, number)  # what still waits is made at once, which is something
        done = root.post(f"/schedules/{number}/backfill", data=RANGE)
        assert done.headers["location"] == f"/schedules/{number}?done=nothing"


def test_a_supervisor_sees_own_schedules_and_the_names_of_destinations(world: World) -> None:
    world.schedule_id("of the administrator")
    world.root.get("/destinations")
    with contextlib.closing(page_client(world, "red")) as red:
        made = red.post("/schedules", data={"name": "page of the supervisor", "type": "messages",
                                            "destination": "of schedules"})  # fmt: skip
        assert made.status_code == 303, text_of(made)
        listed = text_of(red.get("/schedules"))
        assert "page of the supervisor" in listed
        assert "of the administrator" not in listed
        form = red.get("/schedules/new").text
        assert 'value="of schedules"' in form and 'id="owner"' not in form
        assert 'href="/destinations"' not in form


def test_runs_of_schedules_ring_no_bell(world: World) -> None:
    run_id = _delivered_run_id(world, world.schedule_id("every night"))
    with contextlib.closing(page_client(world, "root")) as root:
        assert f"/exports/{run_id}" not in root.get("/notifications").text
        told = {one["id"]: one["own"] for one in root.get("/live/now").json()}
        assert told.get(run_id) is not True
        assert f"/exports/{run_id}" in root.get("/exports?q=messages").text


def test_the_secret_of_a_webhook_is_on_one_page_once(world: World) -> None:
    def shown(answer: httpx.Response) -> list[str]:
        return re.findall(r"whsec_[\w+/=]+", answer.text)

    url = "https://hooks.example.com/tawny"
    with contextlib.closing(page_client(world, "root")) as root:
        asked = {"kind": "mail", "name": "post", "to": "a@b.example", "link": "beyond"}
        refused = root.post("/destinations", data=asked)
        assert refused.status_code == 400
        assert "nothing says by which server and from whom it is sent" in text_of(refused)
        form = root.get("/destinations/new?kind=webhook")
        assert "Left empty, Tawny makes one and shows it once." in text_of(form)
        assert "as long as TAWNY_PUBLIC_URL does not say how people reach" in text_of(form)
        assert 'name="template"' not in form.text
        fields = {"kind": "webhook", "name": "hook of pages", "url": url}
        wrong = root.post("/destinations", data={**fields, "signing_secret": "whsec_hush"})
        assert wrong.status_code == 400
        assert "Signing_secret: found something else than allowed: whsec_" in text_of(wrong)
        assert "whsec_hush" not in wrong.text
        made = root.post("/destinations", data=fields)
        (first,) = shown(made)
        assert "Copy it now: it is shown this once." in text_of(made)
        number = next(
            one["id"]
            for one in world.root.get("/destinations").json()
            if one["name"] == fields["name"]
        )
        page = root.get(f"/destinations/{number}")
        assert shown(page) == []
        assert "End the one before" not in text_of(page)
        (second,) = shown(root.post(f"/destinations/{number}", data={**fields, "renewal": "new"}))
        assert first != second
        page = root.get(f"/destinations/{number}")
        assert "End the one before" in text_of(page) and shown(page) == []
        root.post(f"/destinations/{number}", data={**fields, "renewal": "end"})
        assert "End the one before" not in text_of(root.get(f"/destinations/{number}"))
        listed = [
            shown(root.get("/destinations")),
            shown(world.root.get("/destinations")),
            shown(world.root.get(f"/destinations/{number}")),
            shown(root.get("/audit")),
        ]
        assert listed == [[], [], [], []]
        root.post(f"/destinations/{number}/delete")
