"""What the API takes and gives of destinations, as JSON; so does the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from tawny.credentials import encrypted
from tawny.deliveries.kinds import SECRET_NAMES
from tawny.deliveries.store import Destination, DestinationChoice
from tawny.languages import translated
from tawny.server.api.schedule_shapes import Name
from tawny.server.api.shapes import instant
from tawny.server.json_values import SECRET

KindName = Literal["folder", "sftp", "object_store", "webhook", "mail", "database"]


class DestinationBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A destination. Secrets that are not given stay as they are."""

    name: Name
    kind: KindName
    path: Annotated[str, Meta(max_length=4096, description="Of a folder")] = ""
    url: Annotated[
        str,
        Meta(
            max_length=4096,
            description="`sftp://USER@HOST:PORT/FOLDER`, `s3://BUCKET/PREFIX`, `gs://`, `az://`; "
            "of a webhook `https://HOST/PATH`; of a database `postgresql://USER@HOST/DATABASE`",
        ),
    ] = ""
    host_key: Annotated[
        str,
        Meta(
            max_length=16384,
            description="Of an SFTP server: fingerprint or public key; empty = what it shows when "
            "the destination is set up, `new` = what it shows now",
        ),
    ] = ""
    password: Annotated[
        str,
        Meta(
            max_length=4096,
            description="Of the account, or the passphrase of its private key; of a database",
            extra_json_schema=SECRET,
        ),
    ] = ""
    endpoint: Annotated[
        str,
        Meta(
            max_length=4096, description="Of a store that is compatible with S3, of Google or Azure"
        ),
    ] = ""
    region: Annotated[str, Meta(max_length=255, description="Of S3; at first us-east-1")] = ""
    account: Annotated[str, Meta(max_length=255, description="Of Azure")] = ""
    access_key: Annotated[
        str,
        Meta(
            max_length=4096,
            description="Of S3; of Google the access ID of an HMAC key",
            extra_json_schema=SECRET,
        ),
    ] = ""
    secret_key: Annotated[
        str,
        Meta(
            max_length=65536,
            description="Of S3; the key of an Azure account; of Google the secret of an HMAC key",
            extra_json_schema=SECRET,
        ),
    ] = ""
    private_key: Annotated[
        str,
        Meta(max_length=65536, description="OpenSSH or PEM", extra_json_schema=SECRET),
    ] = ""
    signing_secret: Annotated[
        str,
        Meta(
            max_length=4096,
            description="Of a webhook: `whsec_` and base64; at first, and with `new`, one that "
            "Tawny makes and tells once. After a change messages are signed with the one before as "
            "well, until `end`",
            extra_json_schema=SECRET,
        ),
    ] = ""
    to: Annotated[str, Meta(max_length=16384)] | list[Annotated[str, Meta(max_length=254)]] = ""
    """Of mail: addresses, in a list or separated by commas."""
    attach_mb: int | Annotated[str, Meta(max_length=8)] = ""
    """Of mail: up to which size files are attached, in megabytes; at first 10."""
    link: Annotated[
        str,
        Meta(
            max_length=16,
            description="Of mail: `beyond` (at first) for files that are too large to be attached, "
            "or `always`, and nothing is attached; `signed` is as `beyond` without signing in",
        ),
    ] = ""
    link_days: int | Annotated[str, Meta(max_length=8)] = ""
    """Of mail: for how many days a signed link works; at first 7."""
    schema: Annotated[
        str,
        Meta(max_length=255, description="Of a database: where its tables are; at first public"),
    ] = ""
    template: Annotated[
        str,
        Meta(
            max_length=1024,
            description="Where files lie: `tawny` (at first), `hootdesk`, or a name with fields",
        ),
    ] = ""
    org: Annotated[str, Meta(max_length=255)] = ""
    folder: Annotated[str, Meta(max_length=255)] = ""

    def choice(self, home: Path) -> DestinationChoice:
        """The same for the layers below; secrets are encrypted from here on."""
        given = {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in structs.asdict(self).items()
            if value not in ("", []) and name not in ("name", "kind")
        }
        secrets = {name: encrypted(home, given.pop(name)) for name in SECRET_NAMES if name in given}
        return DestinationChoice(self.name, self.kind, given, secrets)


class DestinationAnswer(Struct):
    """A destination, what is set of it, and how it went the last time. Settings are for
    administrators."""

    id: int
    name: str
    kind: str
    settings: dict[str, str]
    secrets: list[str]
    """Which there are."""
    used_at: str | None
    error: str | None
    created_at: str | None
    signing_secret: str | None
    """The one that Tawny made at this very call."""

    @classmethod
    def of(cls, destination: Destination, language: str, *, whole: bool) -> DestinationAnswer:
        """From a destination; what went wrong is said in the language."""
        choice = destination.choice
        return cls(
            id=destination.id,
            name=choice.name,
            kind=choice.kind,
            settings=dict(choice.options) if whole else {},
            secrets=sorted(choice.secrets) if whole else [],
            used_at=instant(destination.used_ms),
            error=(
                None
                if destination.error is None or not whole
                else translated(destination.error, language)
            ),
            created_at=instant(destination.created_ms),
            signing_secret=destination.made_secret or None,
        )
