"""What a stranger reads: it is fresh, complete, leads somewhere, and its commands work."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import duckdb
import jsonschema  # type: ignore[import-untyped]
import pytest

from commands import tawny
from tawny.cli.main import CALLS, every_command
from tawny.model.events import DATA_TYPES
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.settings import SETTINGS

ROOT = Path(__file__).parent.parent


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_docs", ROOT / "scripts" / "generate_docs.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generator = _generator()
PAGES: list[Path] = generator.pages()
READ = [*PAGES, ROOT / "CHANGELOG.md"]
"""Every page that a person reads."""

SHIPPED = [
    *READ,
    *(ROOT / name for name in ("Makefile", "pyproject.toml", ".ci/run")),
    *sorted(ROOT.glob("*.lock")),
    *sorted(ROOT.glob("scripts/*.*")),
    *sorted(ROOT.glob("docs/*.json")),
]


def name_of(path: Path) -> str:
    """A file's name as it is said to a person."""
    return str(path.relative_to(ROOT))


def page(name: str) -> str:
    """The text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_generated_parts_and_sessions_are_fresh(path: Path) -> None:
    assert generator.fresh(path) == path.read_text(encoding="utf-8"), "run: make docs"


def test_the_schema_is_fresh() -> None:
    assert generator.fresh_schema() == page("docs/events.schema.json"), "run: make docs"


def test_every_generated_part_is_on_a_page() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert set(re.findall(r"<!-- generated: (.+?) -->", texts)) == set(generator.PARTS)


def test_a_session_runs_in_order_and_shows_errors() -> None:
    outputs = generator.run_session(["x=1; touch file", "ls; echo $x", "ls nothing-there"])
    assert outputs[:2] == ["", "file\n1\n"]
    assert "nothing-there" in outputs[2]


def test_a_stale_page_is_noticed() -> None:
    text = (
        "```console\n$ echo new\nold\n```\n\n<!-- generated: settings -->\n<!-- end: settings -->"
    )
    made = generator.with_sessions(generator.with_parts(text))
    assert made.startswith("```console\n$ echo new\nnew\n```\n")
    assert SETTINGS[0].variable in made


def every_option() -> list[tuple[str, str]]:
    """Every command with each of its options and arguments, as the command line knows them."""
    return [
        (" ".join(("tawny", *words)), name)
        for words, command in every_command()
        for parameter in command.params
        for name in parameter.opts
    ]


def test_every_command_and_option_is_documented() -> None:
    sections = dict(
        re.findall(r"### (tawny[\w ]*)\n\n```text\n(.*?)```", page("docs/cli.md"), re.S)
    )
    options = every_option()
    assert {words for words, _ in options} <= set(sections)
    assert {words.split()[1] for words in sections if " " in words} == set(CALLS)
    for words, option in options:
        if option.startswith("-"):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", sections[words]), (words, option)


def test_every_setting_is_documented() -> None:
    for setting in SETTINGS:
        assert f"| `{setting.variable}` | `{setting.default}` |" in page("docs/cli.md")


def test_every_event_type_and_field_is_documented() -> None:
    sections = dict(
        re.findall(r"### `([\w.]+)`\n(.*?)(?=\n###|\n<!-- end)", page("docs/events.md"), re.S)
    )
    assert list(sections) == [data.event_type for data in DATA_TYPES]
    for data in DATA_TYPES:
        for field in data.__struct_fields__:
            assert f"| `{field}` |" in sections[data.event_type]


@pytest.mark.parametrize(("name", "language"), [("exports.md", "en"), ("fr/exports.md", "fr")])
def test_every_column_is_documented(name: str, language: str) -> None:
    sections = dict(
        re.findall(r"### ([a-z-]+)\n(.*?)(?=\n### |\n<!-- end)", page(f"docs/{name}"), re.S)
    )
    assert list(sections) == list(EXPORT_TYPES)
    rows = 0
    for kind in EXPORT_TYPES:
        for column in query(kind).columns:
            assert f"| {column.headers[language]} | `{column.key}` |" in sections[kind]
            assert len(column.definition[language]) > 20
            rows += 1
    assert rows == 205


def test_every_key_of_a_receipt_is_documented(tmp_path: Path) -> None:
    target = tmp_path / "open.csv"
    result = tawny(tmp_path / "home", "export", "open-conversations", "-o", str(target))
    assert (result.status, result.err) == (0, "")
    receipt = json.loads((tmp_path / "open.csv.receipt.json").read_text(encoding="utf-8"))
    text = page("docs/receipts.md")
    for key in [*receipt, *receipt["request"]]:
        assert f"`{key}`" in text, key


def anchors(text: str) -> set[str]:
    """The anchors that the headings of a page make."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", READ, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.S))
    for link in links:
        if re.match(r"https?://", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{name_of(path)}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_page_is_in_the_index() -> None:
    links = set(re.findall(r"\]\(([^)#\s]+)", page("docs/index.md")))
    wanted = {str(path.relative_to(ROOT / "docs")) for path in PAGES[1:]} - {"index.md"}
    assert wanted <= links


def test_paths_named_in_how_to_add_exist() -> None:
    named = re.findall(r"`((?:src|tests|scripts)/[\w./-]+)`", page("docs/how-to-add.md"))
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_names_in_how_to_add_exist() -> None:
    """`NAME` in `file` is in that file; a renamed table would leave the page behind."""
    text = page("docs/how-to-add.md")
    for names, file in re.findall(
        r"((?:`\w+`[, ]*(?:and |or [\w ]*)?)+)\s(?:in|of)\s`(src/[\w./]+\.py)`", text
    ):
        for name in re.findall(r"`([A-Z_]+|describe)`", names):
            assert re.search(rf"\b{name}\b", page(file)), (name, file)


def test_recipes_named_in_the_pages_exist() -> None:
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    recipes = set(re.findall(r"^make (\w+)", listed, re.M))
    assert {"demo", "test", "bench", "soak", "docs", "lint"} <= recipes
    for path in READ:
        text = path.read_text(encoding="utf-8")
        for recipe in re.findall(r"(?:`|^ +)make ([a-z]+)", text, re.M):
            assert recipe in recipes, f"{name_of(path)}: make {recipe}"


@pytest.mark.parametrize("number", [0, 1])
def test_programs_on_the_page_of_the_log_work(number: int, tmp_path: Path) -> None:
    """Both read one message of June."""
    event = {"specversion": "1.0", "source": "/docs", "id": "1", "type": "message.created",
             "time": "2026-06-08T12:00:00Z", "data": {
                 "message_id": "m", "conversation_id": "c", "direction": "inbound"}}  # fmt: skip
    (tmp_path / "one.ndjson").write_text(json.dumps(event), encoding="utf-8")
    assert tawny(tmp_path / "home", "ingest", str(tmp_path / "one.ndjson")).status == 0
    programs = re.findall(r"```python\n(.*?)```", page("docs/log.md"), re.S)
    assert len(programs) == 2
    done = subprocess.run(
        [sys.executable, "-c", programs[number]],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (
        ["1 1\n", "[('2026-06-08', 'inbound', 1)]\n"][number],
        "",
    )


@pytest.mark.parametrize("name", ["docs/exports.md", "docs/fr/exports.md"])
def test_the_line_for_duckdb_reads_a_csv_whose_first_quote_comes_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    plain, quoted = "m-{},plain,1\n", 'q-{},"a ""quoted"" text, and\na line",1\n'
    rows = [plain.format(number) for number in range(40_000)]
    rows += [quoted.format(number) for number in range(50)]
    (tmp_path / "messages.csv").write_text("id,content,n\n" + "".join(rows), encoding="utf-8")
    (line,) = re.findall(r"```sql\n(SELECT \* FROM read_csv.*?)\n```", page(name), re.DOTALL)
    found = duckdb.execute(line.rstrip(";")).fetchall()
    assert len(found) == 40_050
    assert found[-1] == ("q-49", 'a "quoted" text, and\na line', 1)
    with pytest.raises(duckdb.Error):  # when this reads it, the docs need not name a line
        duckdb.execute("SELECT * FROM 'messages.csv'").fetchall()


def test_the_schema_accepts_every_type_and_refuses_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "sample.ndjson"
    span = ("--from", "2026-01-01", "--to", "2026-02-01")
    result = tawny(tmp_path, "sample", "--conversations", "300", *span, "-o", str(file))
    assert result.status == 0
    by_type = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        by_type[event["type"]] = event
    validator = jsonschema.Draft202012Validator(json.loads(page("docs/events.schema.json")))
    assert set(by_type) == {data.event_type for data in DATA_TYPES}
    for event in by_type.values():
        validator.validate(event)
        wrong = {**event, "data": dict.fromkeys(event["data"], 5.5)}
        assert not validator.is_valid(wrong)
        assert not validator.is_valid({**event, "type": "unknown"})


LEAKS = re.compile(
    r"/(?:work|root|home/\w+|opt|Users)/|\.\./shared|--(?:extra-)?index-url|--find-links"
    r"|--trusted-host|file://|@[\d.]+:\d+"
)
HOSTS = {
    *("cloudevents.io", "delta.io", "frictionlessdata.io", "json-schema.org"),
    *("keepachangelog.com", "semver.org", "www.standardwebhooks.com"),
    # In examples:
    *(
        "desk.example.com",
        "social.example",
        "tawny.example.com",
        "localhost:8000",
        "127.0.0.1:8000",
    ),
    *("loader.example.com", "chargeur.example.com"),
    "app.chatwoot.com",  # where the desk of many is
    *("ACCOUNT.blob.core.windows.net", "COMPTE.blob.core.windows.net"),  # as Azure names them
}


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_nothing_leads_to_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert LEAKS.findall(text) == []
    assert set(re.findall(r"https?://([\w.:-]+)", text)) <= HOSTS


def test_the_leaks_would_be_found() -> None:
    for text in ("see /root/x", "--index-url https", "../shared/spec", "file:///wheels"):
        assert LEAKS.search(text)


def test_the_sample_for_a_proxy_hands_on_the_port() -> None:
    """With `$host` a site on another port than 443 is taken for another site."""
    text = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
    assert re.findall(r"proxy_set_header Host .*", text) == ["proxy_set_header Host $http_host;"]
