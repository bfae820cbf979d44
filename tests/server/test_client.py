"""The typed client and the command line against a real server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.conftest import World
from server.running import RANGE, event, token_of
from tawny.client import AsyncClient, Client, Request, ServerError
from tawny.client.downloads import Download
from tawny.errors import NotFoundError, RequestError, StorageError


@pytest.fixture(scope="module")
def secret(world: World) -> str:
    return token_of(world.root, "events:write", "exports:read", "exports:write")


def test_the_whole_way(world: World, secret: str, tmp_path: Path) -> None:
    with Client(world.server.url, secret) as client:
        sent = client.send(
            [event("team.saved", "client", "2026-06-01T00:00:00Z", team_id="c", name="C"), b"{}"]
        )
        assert (sent.accepted, sent.refused, sent.errors[0].number) == (1, 1, 2)
        assert client.send([b"{}"]).refused == 1
        request = Request("messages", start=RANGE["from"], end=RANGE["to"], channels=["red"])
        started = client.start(request, "client-key")
        assert client.start(request, "client-key").id == started.id
        run = client.wait(started.id)
        assert run.file is not None
        client.download(run, tmp_path / "m.csv")
        assert (tmp_path / "m.csv").stat().st_size == run.file.bytes
        assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]
        assert run.id in {found.id for found in client.runs(export="messages")}
        assert {channel.id for channel in client.channels()} == {"red", "blue"}
        assert len(client.types()) == 12
        with pytest.raises(NotFoundError, match="there is none of that id"):
            client.run("none")
        with pytest.raises(RequestError, match="did you mean 'red'"):
            client.start(Request("messages", start="2026-06-08", end="2026-06-09",
                                 channels=["rde"]))  # fmt: skip


def test_asynchronously(world: World, secret: str, tmp_path: Path) -> None:
    async def whole_way() -> int:
        async with AsyncClient(world.server.url, secret) as client:
            run = await client.start(Request("topics", start=RANGE["from"], end=RANGE["to"]))
            run = await client.wait(run.id)
            await client.download(run, tmp_path / "t.csv")
            return len([found async for found in client.runs(export="topics")])

    assert asyncio.run(whole_way()) >= 1
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").startswith("Topic ID,")


def test_a_broken_download_goes_on(world: World, secret: str, tmp_path: Path) -> None:
    with Client(world.server.url, secret) as client:
        run = client.run(world.run_id)
        assert run.file is not None
        whole = world.root.get(f"/exports/{run.id}/file").content
        with Download(run.file, tmp_path / "b.csv") as download:
            download.add(whole[:100])
            assert download.headers()["Range"] == "bytes=100-"
            answer = world.root.get(f"/exports/{run.id}/file", headers=download.headers())
            download.begin(answer)
            download.add(answer.content)
            download.finish()
        assert (tmp_path / "b.csv").read_bytes() == whole
        with (
            pytest.raises(StorageError, match="SHA-256"),
            Download(run.file, tmp_path / "c.csv") as download,
        ):
            download.add(b"something else")
            download.finish()
        assert not (tmp_path / "c.csv").exists()


def test_a_wrong_token_and_no_server(world: World) -> None:
    with Client(world.server.url, "wrong") as client, pytest.raises(RequestError, match="sign in"):
        client.types()
    with Client("http://127.0.0.1:9", "x") as client, pytest.raises(ServerError) as caught:
        client.types()
    assert caught.value.retry


def test_the_command_line_has_a_server_do_it(world: World, secret: str, tmp_path: Path) -> None:
    target = tmp_path / "remote.csv"
    done = subprocess.run(
        [sys.executable, "-m", "tawny", "export", "messages", "--from", RANGE["from"], "--to",
         RANGE["to"], "--channel", "red", "--server", world.server.url, "-o", str(target)],
        env={**os.environ, "TAWNY_TOKEN": secret, "TAWNY_HOME": str(tmp_path / "unused")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert target.read_text(encoding="utf-8").startswith("Message ID,")
    assert not (tmp_path / "unused").exists()
    refused = subprocess.run(
        [sys.executable, "-m", "tawny", "export", "messages", "--from", "2026-06-09", "--to",
         "2026-06-08", "--server", world.server.url, "-o", str(target)],
        env={**os.environ, "TAWNY_TOKEN": secret}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "which is not before to" in refused.stderr
