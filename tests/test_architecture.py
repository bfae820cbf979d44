"""How the code is laid out: imports go one way, third parties sit in one place each, every query
is made of known parts."""

import ast
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

import tawny
from tawny import errors
from tawny.errors import EngineError, TawnyError
from tawny.explanations.rules import rule_of
from tawny.queries import catalogue as queries
from tawny.queries import statements
from tawny.queries.catalogue import EXPORT_TYPES, query, query_texts
from tawny.queries.columns import HEADER_STYLES, ColumnType
from tawny.queries.portable import CONSTRUCTS, FUNCTIONS, check
from tawny.queries.statements import statement_texts
from tawny.reading.identities import IDENTITIES
from tawny.server.pages.chart_words import TITLES as CHART_TITLES

PACKAGE = Path(tawny.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

LAYERS: dict[str, set[str]] = {
    "text": set(),
    "languages": set(),
    "library_messages": set(),
    "toml_file": {"library_messages", "errors"},
    "errors": set(),
    "disk": {"errors"},
    "private": set(),
    # What was asked for and is to be done, whatever it is.
    "asked_files": set(),
    "scratch": set(),
    "settings": {"errors"},
    "credentials": {"errors", "settings"},
    # To where calls may go.
    "outgoing": {"errors", "settings"},
    "model": {"errors", "settings"},
    "log": {"errors", "settings", "model"},
    "queries": {"languages", "errors", "settings", "model"},
    "engine": {"errors", "settings", "model", "log", "queries"},
    "completeness": {"errors", "settings", "model", "log", "queries", "engine"},
    # The state database is the log's second witness, and knows nothing else above it.
    "state": {"errors", "settings", "model", "log"},
    "people": {"errors", "settings", "model", "state"},
    "exports": {
        *("languages", "errors", "settings", "model", "log", "state", "engine", "queries"),
        "completeness",
    },
    "intake": {"errors", "settings", "model", "log", "state", "engine"},
    "reading": {
        *("asked_files", "upkeep"),
        *("languages", "errors", "settings", "model", "log", "state", "engine", "queries"),
        *("exports", "intake", "completeness"),
    },
    # Why a cell says what it says: the facts of its export, and the events behind them.
    "explanations": {
        *("languages", "errors", "settings", "model", "log", "engine", "queries", "exports"),
    },
    # One conversation over time.
    "timelines": {
        *("languages", "errors", "settings", "model", "log", "engine", "queries", "exports"),
    },
    # What is other in an export between two states, and which events made it so.
    "differences": {
        *("languages", "errors", "settings", "model", "log", "state", "engine", "queries"),
        *("exports", "feeds", "explanations"),
    },
    "upkeep": {
        *("errors", "settings", "model", "log", "state", "people", "engine", "queries", "exports"),
        "runs",
    },
    "runs": {"errors", "settings", "model", "state", "people", "queries", "exports"},
    # Where files go, and how they are brought there.
    "deliveries": {
        *("languages", "errors", "settings", "credentials", "model", "state", "people"),
        *("exports", "outgoing", "queries"),
    },
    "schedules": {
        *("errors", "settings", "model", "state", "people", "exports", "runs", "upkeep"),
        *("completeness", "deliveries"),
    },
    # What changed in an export: rows of two states of the log, by periods as schedules have them.
    "feeds": {
        *("errors", "settings", "model", "log", "state", "engine", "queries", "exports"),
        "schedules",
    },
    # Who is taken out of everything, and the certificate of it.
    "erasures": {
        "asked_files",
        *("errors", "settings", "model", "log", "state", "engine", "intake", "upkeep"),
        "schedules",
    },
    "background": {
        *("errors", "settings", "model", "log", "state", "people", "engine", "queries"),
        *("exports", "intake", "reading", "upkeep", "runs", "sources", "completeness", "sample"),
        "asked_files",
        *("credentials", "deliveries", "schedules", "feeds", "explanations"),
        *("differences", "timelines", "erasures"),
    },
    # Makers of events know the contract and nothing of what becomes of it.
    "sample": {"errors", "model"},
    "imports": {"errors", "model"},
    # Readers of help desks, and what they have in common: they send by the same door as everybody.
    "sources": {
        *("errors", "settings", "credentials", "model", "log", "state", "engine", "intake"),
        *("outgoing", "toml_file"),
    },
    "server": {
        *("languages", "library_messages", "errors", "settings", "model", "log", "state"),
        *("people", "engine", "queries", "exports", "intake", "reading", "upkeep", "runs"),
        *("background", "sources", "completeness", "sample"),
        *("credentials", "deliveries", "schedules", "feeds", "differences", "erasures"),
    },
    "client": {"errors", "settings", "model", "exports"},
    "cli": {
        *("languages", "library_messages", "errors", "settings", "credentials", "model", "log"),
        *("state", "toml_file"),
        *("people", "engine", "queries", "exports", "intake", "reading", "upkeep", "runs"),
        *("background", "sample", "imports", "sources", "server", "client", "completeness"),
        *("deliveries", "schedules", "feeds", "explanations", "differences", "erasures"),
        "timelines",
    },
}
"""What each layer may import, beside itself."""

ANYWHERE = {"tawny", "text", "disk", "private", "scratch"}
"""The package itself holds the version and imports nothing; the others are below every layer."""

HOMES: dict[str, str | tuple[str, ...]] = {
    "ahocorasick_rs": "erasures/traces.py",
    "asyncssh": "deliveries/sftp",
    "click": "cli/",
    "confusable_homoglyphs": "people/names.py",
    "cryptography": "credentials.py",
    "deltalake": "log/",
    "duckdb": "engine/duck.py",
    "pyspark": "engine/spark.py",
    "obstore": "deliveries/object_store.py",
    "prometheus_client": "server/metrics.py",
    # A desk's database is read, and one of a destination written to.
    "psycopg": ("sources/postgres.py", "deliveries/database"),
    "rich": "cli/",
    # Rooms keep their own rows: people and runs beside the tables all of them share.
    # A desk's own database is read with the same library.
    "sqlalchemy": (
        *("state/", "people/", "runs/store"),
        *("deliveries/store.py", "schedules/store", "schedules/owners.py"),
        *("sources/store.py", "sources/hints.py", "sources/postgres.py", "sources/chatwoot/"),
    ),
    "standardwebhooks": "deliveries/webhook.py",
    "sqlglot": ("queries/parsing.py", "queries/portable.py", "queries/event_types.py"),
    "xlsxwriter": "exports/formats/xlsx.py",
}
"""Third parties and the file or folder that alone imports them."""


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULE_NAMES = {name_of(path) for path in MODULES}


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def is_for_types_only(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, which no run enters."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports_of(path: Path, *, at_run: bool = False) -> set[str]:
    """Every module a file imports, wherever in the file, as dotted names."""
    tree = tree_of(path)
    if at_run:
        tree = ast.Module([node for node in tree.body if not is_for_types_only(node)], [])
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


def place_of(path: Path) -> str:
    """Where a module lies in the package, as `exports/request.py`."""
    return path.relative_to(PACKAGE).as_posix()


def faults_of_modules(fault: Callable[[Path], Iterable[object]]) -> dict[str, list[object]]:
    """What a rule finds in each module where it finds anything.

    One test looks at all modules: a test for each of hundreds costs more than what it does.
    """
    return {place_of(path): found for path in MODULES if (found := list(fault(path)))}


def test_imports_go_one_way() -> None:
    def wrong_imports(path: Path) -> set[str]:
        layer = layer_of(name_of(path))
        if layer in ("tawny", "__main__"):
            return own_imports(path) - {"tawny.cli", "tawny.cli.main"}
        allowed = LAYERS[layer] | {layer} | ANYWHERE
        return {name for name in own_imports(path) if layer_of(name) not in allowed}

    assert faults_of_modules(wrong_imports) == {}


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


def test_third_parties_are_imported_in_one_place() -> None:
    def away_from_home(path: Path) -> set[str]:
        names = {name.partition(".")[0] for name in imports_of(path)}
        return {name for name in names if not place_of(path).startswith(HOMES.get(name, ""))}

    assert faults_of_modules(away_from_home) == {}


def test_every_third_party_in_the_list_is_used() -> None:
    used = {name.partition(".")[0] for path in MODULES for name in imports_of(path)}
    assert set(HOMES) <= used


def test_what_the_operating_system_says_is_said_in_the_readers_language() -> None:
    """An `OSError` is a value of an error as it is: `Text` has its words."""
    found = faults_of_modules(lambda path: re.findall(r"(?<!os)\.strerror", text_of(path)))
    assert found.keys() == {"text.py"}


def test_a_module_says_what_it_is() -> None:
    silent = {path for path in MODULES if text_of(path) and not ast.get_docstring(tree_of(path))}
    assert silent == set()


@pytest.mark.parametrize("suffix", [".py", ".sql", ".css", ".js", ".html"])
def test_files_are_short(suffix: str) -> None:
    """A file holds one noun: above 400 lines there are two. `vendor` is others' work."""
    lengths = {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8").count("\n")
        for path in PACKAGE.rglob(f"*{suffix}")
        if "vendor" not in path.parts
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_no_two_public_classes_share_a_name() -> None:
    """Who reads a name in a signature knows what is meant without looking where it comes from."""
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(name_of(path))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_nothing_of_the_machine_is_named() -> None:
    machine = re.compile(r"\.\./shared|/work/|/tmp/|\bissue #?\d")
    assert faults_of_modules(lambda path: machine.findall(text_of(path))) == {}


def test_what_the_code_cites_lies_in_the_repository() -> None:
    """A page is named by its place, so that whoever reads on finds it."""

    def cited_in_vain(path: Path) -> set[str]:
        places = re.findall(r"[\w./-]+\.md\b", text_of(path))
        return {place for place in places if not (PACKAGE.parents[1] / place).is_file()}

    assert faults_of_modules(cited_in_vain) == {}


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/how-to-add.md"])
def test_what_a_guide_names_is_there(page: str) -> None:
    """Files are named from the repository, from the package, or by their last parts."""
    root = PACKAGE.parents[1]
    files = [
        root / "CHANGELOG.md",
        PACKAGE,
        *(root / "docs").rglob("*"),
        *(root / "tests").rglob("*"),
    ]
    here = [path.as_posix() for path in (*files, *PACKAGE.rglob("*"))]
    text = (root / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[\w-]+/)+[\w.-]*|[\w-]+\.(?:py|sql|po|md))`", text))
    assert len(named) > 20
    there = {
        name for name in named if any(f"{path}/".endswith(f"/{name.rstrip('/')}/") for path in here)
    }
    assert named - there == set()


def test_the_tree_of_errors_is_drawn() -> None:
    """Every class of the tree stands in the drawing, below its own parent."""
    drawn = re.findall(r"^([ │├└─]*)(\w+Error)", errors.__doc__ or "", re.MULTILINE)
    parents: dict[int, str] = {}
    found = {}
    for lead, name in drawn:
        parents[len(lead)] = name
        found[name] = max(
            ((at, one) for at, one in parents.items() if at < len(lead)), default=None
        )
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    tree = {one.__name__: one.__base__ for one in classes if issubclass(one, TawnyError)}
    assert {name: parent[1] for name, parent in found.items() if parent} == {
        name: base.__name__ for name, base in tree.items() if base is not None and base in classes
    }


SQL = re.compile(
    r"\b(SELECT|WHERE|GROUP BY|ORDER BY|INSERT INTO|CREATE (OR REPLACE )?(TEMP )?(TABLE|VIEW))\b"
    r"|\b(CAST|count|strftime|read_parquet|read_csv|read_json)\(|\bFORMAT (csv|json|parquet)\b"
)
"""What gives away a text of SQL."""

SQL_ROOMS = ("engine/", "queries/", "state/", "sources/", "deliveries/database")
"""Where texts of SQL stand, beside the `.sql` files: what the engine is told, how query files are
read, and what is asked of databases, also of one that rows are delivered to."""

ENGINE_CALLERS = {
    "completeness/reading.py": "runs the queries of completeness",
    "differences/comparison.py": "ends the steps of the exports that it compares",
    "explanations/explanation.py": "has the steps of an explanation ended",
    "exports/formats/source.py": "rows on their way into a file",
    "exports/session.py": "ends the steps of an export",
    "exports/slicing.py": "has the steps of an export made",
    "feeds/units.py": "has the rows of a state made",
    "reading/charts.py": "runs the statements of charts",
    "reading/figures.py": "runs the statements of figures",
    "reading/result.py": "runs the statements of summaries",
    "reading/verify.py": "runs the statements of checks",
}
"""Who has an engine run something, beside the engine's own room, and what; none says it in SQL of
its own."""


def texts_of_code(tree: ast.AST) -> list[str]:
    """Every text of a module, but for its docstrings."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def test_sql_stands_in_its_rooms() -> None:
    def statements_in(path: Path) -> list[str]:
        if place_of(path).startswith(SQL_ROOMS):
            return []
        return [text for text in texts_of_code(tree_of(path)) if SQL.search(text)]

    assert faults_of_modules(statements_in) == {}


def engine_calls(path: Path) -> list[str]:
    """Calls that have an engine run something, such as `session.engine.rows`."""
    return [
        ast.unparse(node.func)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ENGINE_METHODS
        and re.search(r"(engine|duck|embedded|cluster)$", ast.unparse(node.func.value))
    ]


ENGINE_METHODS = {
    *("add_table", "batches", "copy", "deliver", "drop_steps", "execute", "make_step"),
    *("make_view", "named_rows", "rows", "table"),
}


def test_few_have_an_engine_run_something() -> None:
    callers = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if engine_calls(path) and not path.is_relative_to(PACKAGE / "engine")
    }
    assert callers == set(ENGINE_CALLERS)


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
    text = "\n".join(query_texts().values()).lower()
    used = set(re.findall(r"\b(\w+)\s*\(", text))
    assert FUNCTIONS - used == set()


@pytest.mark.parametrize("path", query_texts() | statement_texts())
def test_every_query_file_is_portable(path: str) -> None:
    check(path, (query_texts() | statement_texts())[path])


def test_every_sql_file_is_a_query_or_a_statement() -> None:
    folder = PACKAGE / "queries" / "sql"
    files = {path.relative_to(folder).as_posix() for path in PACKAGE.rglob("*.sql")}
    assert files == {*query_texts(), *statement_texts()}


def test_what_was_read_of_the_files_is_kept() -> None:
    assert queries.kept_files() == queries.parsed_files(), "run: make docs"


def test_statements_that_were_found_portable_are_not_parsed_again() -> None:
    assert statements.checked_version() == statements.statements_version(), "run: make docs"


@pytest.mark.parametrize("path", statement_texts())
def test_a_statement_says_what_it_gives_and_is_used(path: str) -> None:
    text = statement_texts()[path]
    assert text.startswith("-- ")
    if path == "checks/adjoining.sql":
        used = True
    elif path.startswith("checks/results/"):
        used = f'"{path}"' in (PACKAGE / "reading" / "verify.py").read_text()
    elif path.startswith("checks/facts/"):
        used = f'"{Path(path).stem}"' in (PACKAGE / "reading" / "verify.py").read_text()
    elif path.startswith("checks/"):
        used = Path(path).stem in {identity.name for identity in IDENTITIES}
    elif path.startswith("evidence/rows/"):
        used = Path(path).stem in {query(kind).head.key[0] for kind in EXPORT_TYPES}
    elif path.startswith("evidence/witnesses/"):
        used = f'"{path}"' in (PACKAGE / "engine" / "evidence.py").read_text()
    elif path.startswith("evidence/"):
        columns = [(kind, column.key) for kind in EXPORT_TYPES for column in query(kind).columns]
        rules = [rule_of(*column) for column in columns]
        assert None not in rules
        used = Path(path).stem in {rule.statement for rule in rules if rule}
    elif path.startswith("completeness/"):
        used = f'"{path}"' in (PACKAGE / "completeness" / "reading.py").read_text()
    elif path.startswith("timelines/"):
        used = f'"{Path(path).stem}"' in (PACKAGE / "timelines" / "reading.py").read_text()
    elif path.startswith(("feeds/", "figures/", "summaries/")):
        used = Path(path).stem in EXPORT_TYPES
    else:
        name = Path(path).stem
        used = any(name in title or name.startswith(title) for title in CHART_TITLES)
    assert used


def test_every_fact_is_read_by_some_export() -> None:
    exports = [query(kind) for kind in EXPORT_TYPES]
    steps = {step.name for export in exports for step in (*export.scope, *export.steps)}
    assert queries._fact_names() - steps == set()


@pytest.fixture
def _fresh_queries() -> object:
    yield
    forget_queries()


def forget_queries() -> None:
    for cached in (
        *(queries._parsed, queries._files_of_this_version),
        *(queries.query, queries.definition_version, queries.texts_version),
    ):
        cached.cache_clear()


def refused(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> str:
    """What loading says of a query file with that text."""
    real = queries._text
    monkeypatch.setattr(queries, "_text", lambda path: text if path == name else real(path))
    forget_queries()
    with pytest.raises(EngineError) as error:
        for kind in EXPORT_TYPES:
            query(kind)
    return str(error.value)


HEAD = "-- One row per message,\n-- by its time.\n"
COLUMN = "/* id | A\n       One thing. */"


@pytest.mark.usefixtures("_fresh_queries")
@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        (
            "messages.sql",
            f"SELECT\n    {COLUMN}\n    approx_count_distinct(id) AS a\nFROM message_events\n"
            "WHERE type = 'message.created'\nORDER BY a",
            "messages.sql:6: found the function approx_count_distinct(); allowed: "
            + ", ".join(sorted(FUNCTIONS)),
        ),
        (
            "facts/teams.sql",
            "SELECT now() AS a FROM reference_events",
            "facts/teams.sql:3: found the function now(); allowed: " + ", ".join(sorted(FUNCTIONS)),
        ),
        (
            "messages.sql",
            f"SELECT\n    {COLUMN}\n    id AS a\nFROM message_events\nWHERE id = $whatever\n"
            "ORDER BY a",
            "messages.sql:8: found the value $whatever; allowed: "
            "all_channels, all_content, as_of_ms, from_ms, to_ms",
        ),
        (
            "messages.sql",
            f"SELECT\n    {COLUMN}\n    id AS a\nFROM nowhere\nORDER BY a",
            "messages.sql: found the table nowhere, which is neither a step, nor a fact, nor one "
            "of " + ", ".join(sorted(queries.ENGINE_TABLES)),
        ),
        (
            "messages.sql",
            "SELECT\n    id AS a\nFROM scope_messages\nORDER BY a",
            "messages.sql:4: id has no comment and none to take from a fact",
        ),
        (
            "messages.sql",
            "SELECT\n    /* id | A */\n    id AS a\nFROM scope_messages\nORDER BY a",
            "messages.sql:4: found the comment '/* id | A */' above a; allowed: /* type unit | "
            "header, and from the next line on the definition */",
        ),
        (
            "messages.sql",
            "SELECT\n    /* word | A\n       One. */\n    id AS a\nFROM scope_messages\nORDER BY a",
            "messages.sql:4: found the type 'word' of a; allowed: " + ", ".join(ColumnType),
        ),
        (
            "messages.sql",
            f"SELECT\n    {COLUMN}\n    id\nFROM scope_messages\nWHERE id = 'a'",
            "messages.sql: found no ORDER BY; the rows of an export have an order",
        ),
        (
            "messages.sql",
            "WITH a(b) AS (SELECT id FROM scope_messages)\nSELECT b FROM a\nORDER BY b",
            "messages.sql:3: found no 'name AS (' after WITH or a comma",
        ),
        (
            "messages.sql",
            f"SELECT\n    {COLUMN}\n    count(*)\nFROM scope_messages\nORDER BY a",
            "messages.sql:6: found 'count(*)'; allowed: expression AS key",
        ),
        (
            "messages.sql",
            f"SELECT\n    {COLUMN}\n    id AS a\nFROM message_events_in_range\nORDER BY a",
            "messages.sql:7: found message_events_in_range without the event types that are read; "
            "add WHERE type IN ('message.created') with those it means",
        ),
        (
            "facts/teams.sql",
            "SELECT t.a FROM reference_events AS t\nINNER JOIN presence_events AS p ON p.a = t.a\n"
            "WHERE p.type = 'presence.changed'",
            "facts/teams.sql:3: found reference_events without the event types that are read; add "
            "WHERE type IN ('channel.saved', 'team.saved', 'agent.saved', 'topic.saved', "
            "'topic.deleted', 'tag.saved', 'tag.deleted') with those it means",
        ),
        (
            "facts/teams.sql",
            "SELECT a FROM (\n    SELECT a FROM survey_events\n)\nWHERE type = 'csat.sent'",
            "facts/teams.sql:4: found survey_events without the event types that are read; add "
            "WHERE type IN ('csat.sent', 'csat.answered', 'csat.expired') with those it means",
        ),
        (
            "facts/teams.sql",
            "SELECT a FROM survey_events\nWHERE type IN ('csat.sent', 'topic.applied')",
            "facts/teams.sql:3: found the event type 'topic.applied' for survey_events; allowed: "
            "csat.sent, csat.answered, csat.expired",
        ),
        (
            "facts/teams.sql",
            "SELECT\n    CASE\n        WHEN type = 'csat.sent' THEN 1\n        ELSE 2\n    END\n"
            "FROM sent",
            "facts/teams.sql:6: found an ELSE on an event type; name each type that is meant in a "
            "WHEN of its own",
        ),
        (
            "facts/teams.sql",
            "SELECT a FROM sent\nUNION ALL\nSELECT NULL AS a FROM sent",
            "facts/teams.sql:5: found NULL AS a; allowed: CAST(NULL AS VARCHAR) AS a",
        ),
        (
            "facts/teams.sql",
            "SELECT\n    a,\n    b IN (SELECT b FROM other) AS c\nFROM sent",
            "facts/teams.sql:5: found b IN (SELECT b FROM other); allowed: a LEFT JOIN and IS NOT "
            "NULL, or the condition in WHERE",
        ),
        (
            "facts/teams.sql",
            "SELECT a FROM sent\nWHERE (a, b) = (b, a)",
            "facts/teams.sql:4: found (a, b); allowed: (a, b) < (c, d)",
        ),
        (
            "facts/teams.sql",
            "SELECT a / 10.0 AS b FROM sent",
            "facts/teams.sql:3: found 10.0; allowed: whole numbers",
        ),
        (
            "facts/teams.sql",
            "SELECT CAST(a AS FLOAT) AS b FROM sent",
            "facts/teams.sql:3: found the type FLOAT; allowed: BIGINT, BOOLEAN, DOUBLE, VARCHAR",
        ),
        (
            "facts/teams.sql",
            "SELECT a\nFROM sent\nINNER JOIN other USING (a)",
            "facts/teams.sql:5: found INNER JOIN other USING (a); allowed: INNER JOIN ... ON, LEFT "
            "JOIN ... ON, CROSS JOIN",
        ),
        (
            "facts/teams.sql",
            "SELECT a FROM sent\nLIMIT 1",
            "facts/teams.sql:4: found LIMIT 1 (Limit); allowed: " + ", ".join(sorted(CONSTRUCTS)),
        ),
        (
            "facts/teams.sql",
            "SELECT a FROM sent\nWHERE (a",
            "facts/teams.sql:4: found 'a', which is no SQL: Expecting )",
        ),
    ],
    ids=[
        *("function", "function of a fact", "value", "table", "no definition"),
        *("half a definition", "type of a column", "no order", "step", "no key"),
        *("family without types", "joined family without types"),
        *("types of an outer select", "type of another family", "else on a type"),
        *("null without a type", "subquery in a select list", "rows", "decimal", "type"),
        *("join", "construct", "no SQL"),
    ],
)
def test_a_foreign_part_is_refused_by_file_and_name(
    monkeypatch: pytest.MonkeyPatch, name: str, body: str, expected: str
) -> None:
    assert refused(monkeypatch, name, HEAD + body) == expected


@pytest.mark.usefixtures("_fresh_queries")
def test_a_query_without_a_description_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, "messages.sql", "SELECT 1") == (
        "messages.sql:1: found no comment on the first line; say what a row is"
    )


HEAD_FIELDS = {
    "title": "Messages",
    "place": "3",
    "range": "required",
    "order": "time",
    "key": "a",
}


@pytest.mark.usefixtures("_fresh_queries")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"key": None},
            "1: found no line -- key: ...; the head of an export needs title, place, range, order, "
            "key",
        ),
        (
            {"key": "id, who"},
            "7: found id, who in the line key; allowed columns are a, channel_id, n",
        ),
        ({"never empty": "b"}, "8: found b in the line never empty; allowed columns are a"),
        ({"links": "b -> contacts"}, "8: found b in the line links; allowed columns are a"),
        (
            {"links": "a"},
            "8: found 'a' in the line links; allowed column -> export, column -> export",
        ),
        ({"range": "some"}, "5: found 'some' in the line range; allowed required, none"),
        ({"order": "id"}, "6: found 'id' in the line order; allowed time, key"),
        ({"right": "all"}, "8: found 'all' in the line right; allowed presence"),
        ({"place": "third"}, "4: found 'third' in the line place; allowed a whole number"),
        (
            {"key": "a\n-- key: a"},
            "8: found 'a' in the line key; allowed one such line",
        ),
        (
            {"order": "time\n-- never empyt: a"},
            "7: found 'never empyt: a' after the words of the head; allowed: title: ..., "
            "place: ..., range: ..., order: ..., key: ..., beside: ..., links: ..., right: ..., "
            "never empty: ...",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_head_that_says_too_little_or_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, str | None], expected: str
) -> None:
    named = {name: value for name, value in {**HEAD_FIELDS, **fields}.items() if value}
    head = HEAD + "".join(f"-- {name}: {value}\n" for name, value in named.items())
    select = f"SELECT\n    {COLUMN}\n    id AS a\nFROM scope_messages\nORDER BY a"
    assert refused(monkeypatch, "messages.sql", head + select) == f"messages.sql:{expected}"


def test_sql_can_be_read_in_a_diff() -> None:
    """No line is longer than 100 characters."""
    long = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in sorted(PACKAGE.rglob("*.sql"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 100
    ]
    assert long == []
