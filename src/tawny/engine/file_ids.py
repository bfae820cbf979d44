"""Which ids the events of each file of the log name, as numbers: which files hold anything of some
conversations, and which messages several conversations name, is found without opening the log.

For each file there is one in `cache/ids` of the data folder, made when it is first asked for. It is
a function of that file, which never changes, so it is safe to delete and never out of date.
Different ids may have one number: what is found may be more than there is, never less.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from tawny.disk import translated_os_errors
from tawny.engine.duck import Duck
from tawny.engine.key_index import key_function
from tawny.engine.literals import files_literal
from tawny.errors import StorageError
from tawny.log.files import Snapshot
from tawny.model.events import CONVERSATION_FAMILIES

_CONVERSATION = "conversation_id"

NAMED = {
    "conversation": "contact_id",
    "message": "message_id",
    "message_change": "message_id",
    "label": "message_id",
    "lock": "agent_id",
}
"""By family, of what else than a conversation the ids are kept."""


class FileIds:
    """The ids of the files of a snapshot."""

    def __init__(self, duck: Duck, snapshot: Snapshot) -> None:
        self._duck = duck
        self._snapshot = snapshot
        sign = key_function(duck) % 2**64
        self._folder = snapshot.folder.parent / "cache" / "ids" / f"{sign:016x}"
        self._is_tidy = False

    def paths(
        self,
        family: str,
        column: str,
        ids: str,
        first_ms: int | None = None,
        last_ms: int | None = None,
    ) -> list[str]:
        """Absolute paths of a family's files that may hold events of a span of time that name one
        of the ids in a column; `ids` is a select of them."""
        number = "conversation" if column == _CONVERSATION else "named"
        assert family in CONVERSATION_FAMILIES and column in (_CONVERSATION, NAMED.get(family))
        paths = self._snapshot.paths(family, first_ms, last_ms)
        return self._narrowed(paths, family, f"{number} IN {_numbers(ids)}")

    def paths_without(
        self, family: str, conversations: str, others: str, last_ms: int
    ) -> list[str]:
        """Absolute paths of a family's files that may hold events up to an instant of some
        conversations that name else than some others, both selects of ids."""
        return self._narrowed(
            self._snapshot.paths(family, None, last_ms),
            family,
            f"conversation IN {_numbers(conversations)} AND named NOT IN {_numbers(others)}",
        )

    def _narrowed(self, paths: list[str], family: str, condition: str) -> list[str]:
        if not paths:
            return paths
        try:
            kept = {str(self._kept(path, family)): path for path in paths}
            rows = self._duck.rows(
                f"SELECT DISTINCT filename FROM {_read(list(kept), 'filename = true')} "
                f"WHERE {condition}"
            )
        except StorageError:
            # Where the data folder cannot be written, or the cache is cleared now: all of them.
            return paths
        return sorted(kept[str(name)] for (name,) in rows)

    def make_shared(self, name: str, families: Sequence[str], conversations: str) -> bool:
        """Make a table `(named)` of the numbers of what events of some families name in more than
        one conversation, one of them among those of a select; whether there are any. Raises
        `StorageError` where nothing can be kept."""
        paths = [
            str(self._kept(path, family))
            for family in families
            for path in self._snapshot.paths(family)
        ]
        select = "SELECT CAST(NULL AS UBIGINT) AS named WHERE false"
        if paths:
            self._duck.make_step(
                f"{name}_here",
                f"SELECT DISTINCT named, conversation FROM {_read(paths)} WHERE named IS NOT NULL "
                f"AND conversation IN {_numbers(conversations)}",
                {}, reads=1,
            )  # fmt: skip
            select = (
                f"SELECT DISTINCT here.named FROM {name}_here AS here "
                f"INNER JOIN {_read(paths)} AS there ON there.named = here.named "
                "AND there.conversation <> here.conversation"
            )
        self._duck.make_step(name, select, {}, reads=1)
        self._duck.drop_steps([f"{name}_here"])
        return self._duck.rows(f"SELECT count(*) > 0 FROM {name}") == [(True,)]

    def _kept(self, path: str, family: str) -> Path:
        """The ids of one file, which are made where they are not there. Raises `StorageError`."""
        target = self._folder / f"{Path(path).stem}.parquet"
        if target.exists():
            return target
        with translated_os_errors(str(self._folder)):
            self._tidy()
            work = self._folder / f".{secrets.token_hex(8)}.part"
            named = NAMED.get(family)
            try:
                self._duck.copy(
                    f"SELECT DISTINCT hash({_CONVERSATION}) AS conversation, {_number(named)} "
                    f"AS named FROM read_parquet({files_literal([path])}, "
                    "hive_partitioning = false)",
                    work,
                    "FORMAT parquet, COMPRESSION uncompressed",
                )
                work.replace(target)
            finally:
                work.unlink(missing_ok=True)
        return target

    def _tidy(self) -> None:
        """Once, make the folder, and delete what is of files that are gone or of another version of
        the engine."""
        if self._is_tidy:
            return
        self._is_tidy = True
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # What a version does without is still there for who reads another one.
        there = {path.stem for path in self._snapshot.folder.glob("family=*/month=*/*.parquet")}
        for path in self._folder.parent.glob("*/*.parquet"):
            if path.parent != self._folder or path.stem not in there:
                path.unlink(missing_ok=True)


def _number(column: str | None) -> str:
    if column is None:
        return "CAST(NULL AS UBIGINT)"
    return f"CASE WHEN {column} IS NOT NULL THEN hash({column}) END"


def _numbers(ids: str) -> str:
    return f"(SELECT hash(id) FROM ({ids}) AS wanted (id) WHERE id IS NOT NULL)"


def _read(paths: Sequence[str], *options: str) -> str:
    arguments = [files_literal(paths), "hive_partitioning = false", *options]
    return f"read_parquet({', '.join(arguments)})"
