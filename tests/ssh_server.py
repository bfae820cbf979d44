"""A throw-away OpenSSH server on loopback: an account with a key and, where the tests may make one,
a password; faults as a test wants them.

Its sessions are Debian's own `sftp-server`, behind a script that a test steers by files: `cut` ends
the session after so many bytes from the client, `options` are given to `sftp-server`.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from server_process import LONGEST_WAIT_S

SSHD = Path("/usr/sbin/sshd")
SFTP_SERVER = Path("/usr/lib/openssh/sftp-server")

_SESSION = """#!/bin/sh
cut=$(cat {folder}/cut 2>/dev/null)
options=$(cat {folder}/options 2>/dev/null)
if [ -n "$cut" ]; then stdbuf -o0 head -c "$cut" | {server} $options; exit; fi
exec {server} $options
"""

_SETTINGS = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitUserEnvironment no
MaxStartups 100
AllowUsers {user}
Subsystem sftp {folder}/session
"""


@dataclass
class SshServer:
    """A server; its account may write below `inbox`."""

    folder: Path
    port: int
    user: str
    password: str
    """Empty where the tests may make no account."""
    private_key: str
    inbox: Path
    host_key: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The address of its folder."""
        return f"sftp://{self.user}@127.0.0.1:{self.port}{self.inbox}"

    def new_host_key(self, kind: str = "ed25519") -> str:
        """Give it another host key; returns that as Tawny writes it."""
        key = self.folder / "host_key"
        key.unlink(missing_ok=True)
        _make_key(key, kind)
        said = subprocess.run(["ssh-keygen", "-lf", key], check=True, capture_output=True).stdout
        name = {"ed25519": "ssh-ed25519", "rsa": "ssh-rsa"}[kind]
        self.host_key = f"{name} {said.decode().split()[1]}"
        return self.host_key

    def start(self) -> None:
        """Start it and wait until it answers."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        log = self.folder / "sshd.log"
        with log.open("ab") as into:
            self._process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", self.folder / "sshd_config"],
                stderr=into, stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + LONGEST_WAIT_S
        while time.monotonic() < end:
            assert self._process.poll() is None, log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise AssertionError("sshd did not start")

    def stop(self) -> None:
        """End it and its sessions."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LONGEST_WAIT_S)
        self.kill_sessions()

    def kill_sessions(self) -> int:
        """Kill what serves connections now; returns how many there were."""
        found = [pid for pid in _processes() if self._serves(pid)]
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(found)

    def _serves(self, pid: int) -> bool:
        """Whether it is our `sftp-server`, or the shell before it."""
        try:
            call = Path(f"/proc/{pid}/cmdline").read_bytes()
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        ours = f"127.0.0.1 {self.port}".encode()
        return (b"sftp-server" in call or b"/session" in call) and ours in environment

    @contextlib.contextmanager
    def cut_after(self, count_bytes: int) -> Iterator[None]:
        """Sessions that begin while the body runs end after so many bytes from the client."""
        (self.folder / "cut").write_text(str(count_bytes))
        try:
            yield
        finally:
            (self.folder / "cut").unlink()

    @contextlib.contextmanager
    def with_options(self, options: str) -> Iterator[None]:
        """Sessions that begin while the body runs have these options of `sftp-server`."""
        (self.folder / "options").write_text(options)
        try:
            yield
        finally:
            (self.folder / "options").unlink()


@contextlib.contextmanager
def ssh_server() -> Iterator[SshServer]:
    """A running server, gone with its account when the body ends."""
    assert SSHD.exists(), "there is no sshd; scripts/system-packages.sh installs it"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # Not below a folder of root's that nobody else may enter.
    with tempfile.TemporaryDirectory(prefix="tawny-ssh-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _account(folder) as (user, password):
            made = SshServer(folder, port, user, password, _own_key(folder), folder / "inbox")
            made.inbox.mkdir()
            if password:
                shutil.chown(made.inbox, user)
            made.new_host_key()
            session = folder / "session"
            session.write_text(_SESSION.format(folder=folder, server=SFTP_SERVER))
            session.chmod(0o755)
            (folder / "sshd_config").write_text(
                _SETTINGS.format(folder=folder, port=port, user=user)
            )
            made.start()
            try:
                yield made
            finally:
                made.stop()


@contextlib.contextmanager
def _account(folder: Path) -> Iterator[tuple[str, str]]:
    """An account with a password, made for the body; one's own without, where none may be made."""
    if os.geteuid() != 0:
        yield getpass.getuser(), ""
        return
    user, password = f"tawny{secrets.token_hex(4)}", secrets.token_hex(12)
    _locked("useradd", "--no-create-home", "--home-dir", str(folder), "--shell", "/bin/sh", user)
    try:
        subprocess.run(["chpasswd"], input=f"{user}:{password}".encode(), check=True)
        yield user, password
    finally:
        _locked("userdel", "--force", user)


def _locked(*call: str) -> None:
    """Tests beside this one make accounts too."""
    for _ in range(50):
        done = subprocess.run(call, capture_output=True, check=False)
        if not done.returncode or b"lock" not in done.stderr:
            assert done.returncode in (0, 6, 12), done.stderr
            return
        time.sleep(0.1)
    raise AssertionError(done.stderr)


def _own_key(folder: Path) -> str:
    key = folder / "own_key"
    _make_key(key, "ed25519")
    shutil.copyfile(f"{key}.pub", folder / "authorized_keys")
    (folder / "authorized_keys").chmod(0o644)
    return key.read_text()


def _make_key(path: Path, kind: str) -> None:
    bits = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "", "-f", path], check=True
    )


def _processes() -> list[int]:
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
