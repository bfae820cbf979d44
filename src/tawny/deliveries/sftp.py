"""Delivery to an SFTP server: under a temporary name, then by a rename."""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
import secrets as random
from collections.abc import Awaitable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from tawny.credentials import cleaned
from tawny.deliveries.parcels import DeliveryError
from tawny.deliveries.places import Place
from tawny.deliveries.sftp_host_key import (
    ALGORITHMS,
    HUNG_UP,
    changed_key,
    host_key_of,
    kind_of_host_key,
    no_ssh,
    shown_host_keys,
)
from tawny.deliveries.unfinished import UnfinishedNames
from tawny.deliveries.urls import sftp_url
from tawny.errors import RequestError
from tawny.outgoing.addresses import OutgoingRule
from tawny.settings import Settings

_SIGN_IN_TIMEOUT_S = 60
_STEP_TIMEOUT_S = 120
"""How long one step may take: a request, or a piece of a file."""
_CLOSE_TIMEOUT_S = 5
_PIECE_BYTES = 1 << 20
_KEEP_ALIVE_S = 15

_Result = TypeVar("_Result")

_NO_RIGHT = (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect, asyncssh.SFTPCannotDelete)
_NOT_THERE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_NO_SPACE = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)
_BROKEN_OFF = (
    *(asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPEOFError),
    *(asyncssh.DisconnectError, asyncssh.ChannelOpenError, OSError),
)


class _PinnedClient(asyncssh.SSHClient):
    """Takes the pinned key and no other."""

    def __init__(self, pinned: str) -> None:
        self._pinned = pinned
        self.found: str | None = None

    def validate_host_public_key(
        self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey
    ) -> bool:
        self.found = host_key_of(key)
        return self.found == self._pinned


class SftpPlace(Place):
    """A folder of an account on an SFTP server, as long as one connection lasts."""

    def __init__(
        self,
        options: Mapping[str, str],
        secrets: Mapping[str, str],
        settings: Settings,
        unfinished: UnfinishedNames,
    ) -> None:
        """Raises `RequestError`, `OutgoingError`, `DeliveryError` that name the fault: the name,
        the port, the host key, the login, the folder."""
        self._url = sftp_url(options["url"])
        self._pinned = options["host_key"]
        self._secrets = secrets
        self._rule = OutgoingRule(settings)
        self._unfinished = unfinished
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient
        self._folder: str
        keys = _private_keys(secrets)
        self._runner = asyncio.Runner()
        try:
            self._sign_in(keys)
            self._folder = self._run(self._found_folder())
            self._take_away_unfinished()
        except BaseException:
            self.close()
            raise

    def put(self, name: str, file: Path) -> None:
        """See `Place`."""
        self._run(self._put(self._target(name), file))

    def read(self, name: str) -> bytes:
        """See `Place`."""
        target = self._target(name)
        with self._translated(target):
            return self._run(self._read(target))

    def remove(self, name: str) -> None:
        """See `Place`."""
        target = self._target(name)
        with self._translated(target):
            self._run(self._remove(target))

    def close(self) -> None:
        """See `Place`."""
        if self._connection is not None:
            self._connection.close()
            with contextlib.suppress(Exception):
                self._run(asyncio.wait_for(self._connection.wait_closed(), _CLOSE_TIMEOUT_S))
        self._runner.close()

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self._runner.run(work)

    def _target(self, name: str) -> str:
        return posixpath.join(self._folder, name)

    async def _step(self, work: Awaitable[_Result]) -> _Result:
        """What comes of a request, unless the session ends or nothing comes in time."""
        step = asyncio.ensure_future(work)
        ended = asyncio.ensure_future(self._sftp.wait_closed())
        await asyncio.wait(
            {step, ended}, timeout=_STEP_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        is_lost = ended.done()
        ended.cancel()
        if not step.done() and is_lost:
            # What was asked as it ended is never answered.
            await asyncio.wait({step}, timeout=1)
        if not step.done():
            step.cancel()
            raise asyncssh.SFTPConnectionLost("") if is_lost else TimeoutError
        return await step

    # --- the connection -----------------------------------------------------------------------

    def _sign_in(self, keys: list[asyncssh.SSHKey]) -> None:
        client = _PinnedClient(self._pinned)
        kind = kind_of_host_key(self._pinned)
        reached = self._rule.connected(self._url.host, self._url.port)
        try:
            self._connection, self._sftp = self._run(
                asyncio.wait_for(self._signed_in(client, reached, kind, keys), _SIGN_IN_TIMEOUT_S)
            )
        except asyncssh.HostKeyNotVerifiable:
            raise changed_key(self._url, str(client.found), self._pinned) from None
        except HUNG_UP as error:
            if client.found is None:
                self._check_kind(kind)
            raise no_ssh(self._url, error, _SIGN_IN_TIMEOUT_S) from error
        except asyncssh.PermissionDenied:
            raise DeliveryError(
                "{server}: the login of {user} was refused; check the user, and its password or "
                "private key",
                server=self._url.server,
                user=self._url.user,
            ) from None
        except (asyncssh.SFTPError, asyncssh.ChannelOpenError) as error:
            raise DeliveryError(
                "{server}: {user} signed in, but gets no SFTP there ({reason})",
                server=self._url.server,
                user=self._url.user,
                reason=self._clean(error.reason),
            ) from error
        except (asyncssh.Error, OSError) as error:
            raise no_ssh(self._url, error, _SIGN_IN_TIMEOUT_S) from error
        finally:
            if self._connection is None:
                reached.close()

    def _check_kind(self, kind: str) -> None:
        """Raise `DeliveryError` when the server has keys of other kinds only."""
        shown = list(shown_host_keys(self._url, self._rule))
        if not any(kind_of_host_key(one) == kind for one in shown):
            raise changed_key(self._url, shown[0], self._pinned)

    async def _signed_in(
        self, client: _PinnedClient, reached: Any, kind: str, keys: list[asyncssh.SSHKey]
    ) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
        connection = await asyncssh.connect(
            self._url.host,
            self._url.port,
            sock=reached,
            client_factory=lambda: client,
            username=self._url.user,
            password=self._secrets.get("password"),
            client_keys=keys or None,
            # Nothing of the user or the machine Tawny runs as.
            config=None,
            known_hosts=b"",
            agent_path=None,
            server_host_key_algs=list(ALGORITHMS[kind]),
            login_timeout=_SIGN_IN_TIMEOUT_S,
            keepalive_interval=_KEEP_ALIVE_S,
        )
        try:
            return connection, await connection.start_sftp_client()
        except BaseException:
            connection.abort()
            raise

    async def _found_folder(self) -> str:
        """The folder of the address, which has to be there: a disk that is not mounted over there
        is not filled under its name."""
        folder = self._url.folder
        with self._translated(folder):
            if folder.startswith("~"):
                home = str(await self._step(self._sftp.realpath(".")))
                folder = posixpath.join(home, folder[1:].lstrip("/")).rstrip("/") or "/"
            if not await self._step(self._sftp.isdir(folder)):
                raise DeliveryError(
                    "{server}: there is no folder {path}; make it there, or change the url",
                    server=self._url.server,
                    path=folder,
                )
        return folder

    # --- files --------------------------------------------------------------------------------

    async def _put(self, target: str, file: Path) -> None:
        folder, name = posixpath.split(target)
        work = posixpath.join(folder, f".{name}.{random.token_hex(4)}.tawny-part")
        with self._translated(folder):
            await self._make_folders(folder)
        with self._unfinished.writing(work):
            try:
                with self._translated(target):
                    await self._upload(file, work)
                    await self._rename(work, target)
            except BaseException as error:
                # Without a connection it is taken away the next time.
                with contextlib.suppress(asyncssh.Error, OSError):
                    if isinstance(error, DeliveryError):
                        error = await self._with_space(error, folder, file.stat().st_size)
                    await self._remove(work)
                raise error from None

    async def _make_folders(self, folder: str) -> None:
        if await self._step(self._sftp.isdir(folder)):
            return
        await self._make_folders(posixpath.dirname(folder))
        try:
            await self._step(self._sftp.mkdir(folder))
        except asyncssh.SFTPError:
            # Somebody else may have made it just now.
            if not await self._step(self._sftp.isdir(folder)):
                raise

    async def _upload(self, file: Path, work: str) -> None:
        with file.open("rb") as source:
            into = await self._step(self._sftp.open(work, "wb"))
            while piece := source.read(_PIECE_BYTES):
                await self._step(into.write(piece))
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):
                await self._step(into.fsync())
            await self._step(into.close())
        expected = file.stat().st_size
        found = await self._step(self._sftp.getsize(work))
        if found != expected:
            raise DeliveryError(
                "{path}: found {found} bytes after writing {expected}",
                path=work,
                found=found,
                expected=expected,
            )

    async def _rename(self, work: str, target: str) -> None:
        try:
            await self._step(self._sftp.posix_rename(work, target))
            return
        except asyncssh.SFTPOpUnsupported:
            pass
        try:
            await self._step(self._sftp.rename(work, target))
        except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
            # This server replaces nothing by a rename.
            if not await self._step(self._sftp.isfile(target)):
                raise
            await self._remove(target)
            await self._step(self._sftp.rename(work, target))

    async def _read(self, target: str) -> bytes:
        source = await self._step(self._sftp.open(target, "rb"))
        found: bytes = await self._step(source.read())
        await self._step(source.close())
        return found

    async def _remove(self, target: str) -> None:
        with contextlib.suppress(*_NOT_THERE):
            await self._step(self._sftp.remove(target))

    def _take_away_unfinished(self) -> None:
        def remove(name: str) -> None:
            self._run(self._remove(name))

        # What cannot be taken away now holds up nothing, and stays on the list.
        with contextlib.suppress(asyncssh.Error, OSError):
            self._unfinished.take_away(remove)

    # --- what went wrong ----------------------------------------------------------------------

    @contextlib.contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        try:
            yield
        except _NO_RIGHT as error:
            raise DeliveryError(
                "{server}: {user} has no right to {path}; give it there, or change the url",
                server=self._url.server, user=self._url.user, path=path,
            ) from error  # fmt: skip
        except _NO_SPACE as error:
            raise self._no_space(path) from error
        except TimeoutError as error:
            raise DeliveryError(
                "{server}: {path}: the server did not answer for {most} s",
                server=self._url.server, path=path, most=_STEP_TIMEOUT_S,
            ) from error  # fmt: skip
        except _BROKEN_OFF as error:
            raise DeliveryError(
                "{server}: {path}: the connection broke off", server=self._url.server, path=path
            ) from error
        except asyncssh.Error as error:
            raise _RefusedError(
                "{server}: {path}: the server refused, and says only: {reason}",
                server=self._url.server, path=path, reason=self._clean(error.reason),
            ) from error  # fmt: skip

    async def _with_space(
        self, error: DeliveryError, folder: str, size_bytes: int
    ) -> DeliveryError:
        """The same error, or that no space is left, of which most servers only say `Failure`."""
        if not isinstance(error, _RefusedError):
            return error
        found = await self._step(self._sftp.statvfs(folder))
        is_full = found.bavail * found.frsize < size_bytes or (found.files and not found.favail)
        return self._no_space(folder) if is_full else error

    def _no_space(self, path: str) -> DeliveryError:
        return DeliveryError("{server}: {path}: no space is left there",
                             server=self._url.server, path=path)  # fmt: skip

    def _clean(self, text: str) -> str:
        return cleaned(text, *self._secrets.values())


class _RefusedError(DeliveryError):
    """The server said no, and not why."""


def _private_keys(secrets: Mapping[str, str]) -> list[asyncssh.SSHKey]:
    """The private key there is; its passphrase is the password. Raises `RequestError`."""
    if "private_key" not in secrets:
        return []
    passphrase = secrets.get("password")
    try:
        return [asyncssh.import_private_key(secrets["private_key"].strip() + "\n", passphrase)]
    except (asyncssh.KeyEncryptionError, asyncssh.KeyImportError, ValueError) as error:
        if isinstance(error, asyncssh.KeyEncryptionError) or "assphrase" in str(error):
            raise RequestError(
                "private_key: it is encrypted, and the password does not open it; give its "
                "passphrase as the password"
            ) from None
        raise RequestError(
            "private_key: found no private key; allowed one in the form of OpenSSH or PEM"
        ) from None
