"""A file as the next revision of one that was made before: what its receipt says of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import convert

from tawny.exports.bundle import CHANGES, REVISION_OF
from tawny.exports.request import ExportRequest, request_of_json
from tawny.feeds.made_files import MadeFile, MadeFiles, made_file
from tawny.log.arrivals import arrivals_ms
from tawny.log.files import Snapshot
from tawny.model.zones import current_ms
from tawny.settings import Settings


def open_files(
    snapshot: Snapshot, files: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[int, MadeFile]]:
    """Those of some files, as the job `made_files` is told them, for which events still count, each
    with its place: `until_ms` is to come, or something came before it that was not looked at."""
    now_ms = current_ms()
    came_ms: dict[int, int | None] = {}
    for place, file in enumerate(files):
        if file["feed"]:
            continue  # of changes: what comes later is in the next one
        version, until_ms = file["log_version"], file["until_ms"]
        if until_ms is not None and until_ms < now_ms:
            if version not in came_ms:
                came_ms[version] = arrivals_ms(snapshot.folder, [version + 1]).get(version + 1)
            came = came_ms[version]
            if came is None or came > until_ms:
                continue
        media = file["content_media"]
        yield (
            place,
            MadeFile(
                request_of_json(file["request"]),
                None if media is None else convert(media, list[str]),
                version,
                file["erasures_version"],
            ),
        )


def changes_since(
    home: Path, settings: Settings, before: Mapping[str, Any], snapshot: Snapshot
) -> dict[str, dict[str, Any]]:
    """What is other by a state of the log in the rows of the file of a receipt, for each of its
    exports: how many were added, removed and changed, the first of them, and the events that made
    them so."""
    file = made_file(before)
    with MadeFiles(home, settings, [file], snapshot=snapshot) as files:
        return {part.export_type: _changes(files, part) for part in file.parts}


def revised(
    content: Mapping[str, Any], before: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The receipt of a file that is the next revision of that of another receipt: with that one,
    and with what `changes_since` says of its rows. Of several exports each says it for itself."""
    earlier = {name: value for name, value in before.items() if name not in (REVISION_OF, CHANGES)}
    if "files" in earlier:
        earlier["files"] = [_without_changes(entry) for entry in earlier["files"]]
    content = {**content, REVISION_OF: earlier}
    if "files" not in content:
        (only,) = changes.values()
        return {**content, CHANGES: only}
    entries = [
        {**entry, CHANGES: changes[entry["export"]]} if entry["export"] in changes else entry
        for entry in content["files"]
    ]
    total = {
        name: sum(one[name] for one in changes.values()) for name in ("added", "removed", "changed")
    }
    return {**content, "files": entries, CHANGES: total}


def _changes(files: MadeFiles, part: ExportRequest) -> dict[str, Any]:
    rows = files.rows(0, part)
    if not rows:
        return {**rows.content(), "events": {"count": 0, "first": []}}
    return {**rows.content(), "events": files.late_events(0, part)}


def _without_changes(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != CHANGES}
