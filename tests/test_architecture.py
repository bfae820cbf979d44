"""How the code is laid out: imports go one way, third parties sit in one place each, every query
is made of known parts."""

import ast
import re
from pathlib import Path

import pytest

import tawny
from tawny.errors import EngineError
from tawny.exports import queries
from tawny.exports.columns import HEADER_STYLES, ColumnType
from tawny.exports.queries import EXPORT_TYPES, FUNCTIONS, query

PACKAGE = Path(tawny.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

LAYERS: dict[str, set[str]] = {
    "text": set(),
    "languages": set(),
    "foreign": set(),
    "errors": set(),
    "disk": {"errors"},
    "settings": {"errors"},
    "model": {"errors", "settings"},
    "log": {"errors", "settings", "model"},
    "state": {"errors", "settings", "model"},
    "engine": {"errors", "settings", "model", "log", "state"},
    "exports": {"errors", "settings", "model", "log", "state", "engine"},
    "runs": {"errors", "settings", "model", "log", "state", "engine", "exports"},
    # Makers of events know the contract and nothing of what becomes of it.
    "sample": {"errors", "model"},
    "imports": {"errors", "model"},
    "server": {
        *(
            "languages",
            "foreign",
            "errors",
            "settings",
            "model",
            "log",
            "state",
            "engine",
            "exports",
            "runs",
        ),
    },
    "client": {"errors", "settings", "model", "exports"},
    "cli": {
        *("errors", "settings", "model", "log", "state", "engine", "exports", "runs"),
        *("sample", "imports", "server", "client", "languages", "foreign"),
    },
}
"""What each layer may import, beside itself."""

ANYWHERE = {"tawny", "text", "disk"}
"""The package itself holds the version and imports nothing; `text` and `disk` are below every
layer."""

HOMES: dict[str, str | tuple[str, ...]] = {
    "deltalake": "log/table.py",
    "duckdb": "engine/duck.py",
    "rich": "cli/",
    # A run's request is of a layer above, so the store of runs lies with the runs.
    "sqlalchemy": ("state/", "runs/store.py"),
    "typer": "cli/",
    "xlsxwriter": "exports/xlsx.py",
}
"""Third parties and the file or folder that alone imports them."""


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULE_NAMES = {name_of(path) for path in MODULES}


def is_for_types_only(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, which no run enters."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports_of(path: Path, *, at_run: bool = False) -> set[str]:
    """Every module a file imports, wherever in the file, as dotted names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if at_run:
        tree.body = [node for node in tree.body if not is_for_types_only(node)]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            # `from package import module` reads the module, `from module import name` the module.
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & MODULE_NAMES
            found |= submodules or {node.module}
    return found


def own_imports(path: Path, *, at_run: bool = False) -> set[str]:
    """The modules of this package that a file imports."""
    names = imports_of(path, at_run=at_run) & MODULE_NAMES
    return names - {name_of(path)}


def layer_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "tawny"


EVERY_MODULE = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)


@EVERY_MODULE
def test_imports_go_one_way(path: Path) -> None:
    layer = layer_of(name_of(path))
    if layer in ("tawny", "__main__"):
        assert own_imports(path) <= {"tawny.cli", "tawny.cli.main"}
        return
    allowed = LAYERS[layer] | {layer} | ANYWHERE
    wrong = {name for name in own_imports(path) if layer_of(name) not in allowed}
    assert not wrong, f"{layer} may import {', '.join(sorted(allowed))}"


def test_no_module_imports_itself_in_a_circle() -> None:
    edges = {name_of(path): own_imports(path, at_run=True) for path in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for following in edges[name]:
                visit(following, (*trail, name))
            done.add(name)

    for name in edges:
        visit(name, ())


@EVERY_MODULE
def test_third_parties_are_imported_in_one_place(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    for name in {name.partition(".")[0] for name in imports_of(path)}:
        home = HOMES.get(name, "")
        assert place.startswith(home), f"{name} belongs in {home}"


def test_every_third_party_in_the_list_is_used() -> None:
    used = {name.partition(".")[0] for path in MODULES for name in imports_of(path)}
    assert set(HOMES) <= used


@EVERY_MODULE
def test_a_module_says_what_it_is_and_is_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    # The contract is one table and the phrases are data: both read worse in pieces.
    limit = 600 if path.relative_to(PACKAGE).as_posix() == "model/events.py" else 400
    assert lines <= limit, f"{lines} lines"
    if text:
        assert ast.get_docstring(ast.parse(text)), "no docstring"


@EVERY_MODULE
def test_nothing_of_the_machine_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\.\./shared|/work/|/tmp/|\bissue #?\d", text)


# --- queries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EXPORT_TYPES)
def test_every_column_is_defined_in_both_languages(kind: str) -> None:
    export = query(kind)
    assert export.description["en"].startswith("One row per ")
    assert export.description["fr"].startswith("Une ligne par ")
    keys = [column.key for column in export.columns]
    assert len(keys) == len(set(keys))
    for column in export.columns:
        assert set(column.headers) == set(HEADER_STYLES)
        assert all(column.headers.values()), column.key
        for language in ("en", "fr"):
            assert len(column.definition[language]) > 20, column.key
            assert column.definition[language].endswith("."), column.key
        assert column.definition["en"] != column.definition["fr"], column.key
        if column.type is ColumnType.DURATION:
            assert column.unit == "s"
    for style in HEADER_STYLES:
        headers = [column.headers[style] for column in export.columns]
        assert len(headers) == len(set(headers)), style


def test_there_are_205_columns() -> None:
    assert sum(len(query(kind).columns) for kind in EXPORT_TYPES) == 205


def test_every_function_in_the_list_is_used() -> None:
    """A function nobody needs would be one more thing every engine must have."""
    text = "\n".join(queries._text(path) for path in queries._names()).lower()
    used = set(re.findall(r"\b(\w+)\s*\(", text))
    assert FUNCTIONS - used <= {"exists"}


def test_every_fact_is_read_by_some_export() -> None:
    exports = [query(kind) for kind in EXPORT_TYPES]
    steps = {step.name for export in exports for step in (*export.scope, *export.steps)}
    assert queries._fact_names() - steps == set()


@pytest.fixture
def _fresh_queries() -> object:
    yield
    queries._load.cache_clear()
    queries.query.cache_clear()


def refused(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> str:
    """What loading says of a query file with that text."""
    real = queries._text
    monkeypatch.setattr(queries, "_text", lambda path: text if path == name else real(path))
    queries._load.cache_clear()
    queries.query.cache_clear()
    with pytest.raises(EngineError) as error:
        for kind in EXPORT_TYPES:
            query(kind)
    return str(error.value)


HEAD = "-- One row per message.\n-- fr: Une ligne par message.\n"
COLUMN = "id | A | B | C | One thing. | Une chose."


@pytest.mark.usefixtures("_fresh_queries")
@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        (
            "messages.sql",
            f"SELECT\n    approx_count_distinct(id) AS a -- {COLUMN}\nFROM message_events\n"
            "ORDER BY a",
            "messages.sql: found the function approx_count_distinct(); allowed: "
            + ", ".join(sorted(FUNCTIONS)),
        ),
        (
            "facts/teams.sql",
            "SELECT now() AS a FROM reference_events",
            "facts/teams.sql: found the function now(); allowed: " + ", ".join(sorted(FUNCTIONS)),
        ),
        (
            "messages.sql",
            f"SELECT\n    id AS a -- {COLUMN}\nFROM message_events\nWHERE id = $whatever\n"
            "ORDER BY a",
            "messages.sql: found the value $whatever; allowed: "
            "all_channels, all_content, as_of_ms, from_ms, to_ms",
        ),
        (
            "messages.sql",
            f"SELECT\n    id AS a -- {COLUMN}\nFROM nowhere\nORDER BY a",
            "messages.sql: found the table nowhere, which is neither a step, nor a fact, nor one "
            "of " + ", ".join(sorted(queries.ENGINE_TABLES)),
        ),
        (
            "messages.sql",
            "SELECT\n    id AS a\nFROM message_events\nORDER BY a",
            "messages.sql: id has no comment and none to take from a fact",
        ),
        (
            "messages.sql",
            "SELECT\n    id AS a -- id | A | B\nFROM message_events\nORDER BY a",
            "messages.sql: the comment of a has 3 parts; allowed: type unit | header | French "
            "header | article's header | definition | French definition",
        ),
    ],
    ids=["function", "function of a fact", "value", "table", "no definition", "half a definition"],
)
def test_a_foreign_part_is_refused_by_file_and_name(
    monkeypatch: pytest.MonkeyPatch, name: str, body: str, expected: str
) -> None:
    assert refused(monkeypatch, name, HEAD + body) == expected


@pytest.mark.usefixtures("_fresh_queries")
def test_a_query_without_a_description_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, "messages.sql", "SELECT 1") == (
        "messages.sql: found no comment on the first line; say what a row is"
    )
