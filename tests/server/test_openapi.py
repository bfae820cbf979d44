"""The whole OpenAPI document, asked at random by `schemathesis`: no server error, no answer that
the document does not describe."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from effort import SOAK
from server.running import Server, running, send, small_log, token_of
from server_process import LONGEST_WAIT_S

REJECTIONS = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429"]
"""How wrong data may be rejected: also for being too large, which is looked at first."""

EXAMPLES = 8 if SOAK else 4
"""Of each operation, right ones and wrong ones each."""

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server of its own: what is asked at random leaves traces."""
    home: Path = tmp_path_factory.mktemp("openapi")
    with running(home) as server:
        root = server.set_up()
        send(root, small_log())
        for _ in range(60):  # so that a small number asked for at random is not our own token
            token_of(root, "exports:read")
        scopes = ("events:write", "exports:read", "exports:write", "schedules:write", "admin")
        yield server, token_of(root, *scopes)


def test_every_example_is_accepted(token: tuple[Server, str]) -> None:
    """With every check there is, also whether what the document allows is taken."""
    server, secret = token
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run"),
            *(f"{server.url}/api/v1/openapi.json", "--phases", "examples", "--checks", "all"),
            *("-H", f"Authorization: Bearer {secret}", "--no-color"),
        ],
        capture_output=True, text=True, check=False, timeout=180, cwd=server.home,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "No issues found" in done.stdout


def test_operations_have_names_of_their_own(token: tuple[Server, str]) -> None:
    """Programs that are made from the document call them by these."""
    server, secret = token
    document = server.client(secret).get(f"{server.url}/api/v1/openapi.json").json()
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert {"send_events", "start_export", "list_exports", "get_file", "head_file"} <= set(names)


def test_the_document_names_what_a_file_may_be(token: tuple[Server, str]) -> None:
    server, secret = token
    document = server.client(secret).get(f"{server.url}/api/v1/openapi.json").json()
    operation = document["paths"]["/api/v1/exports/{run_id}/file"]
    for method in ("get", "head"):
        for status in ("200", "206"):
            assert list(operation[method]["responses"][status]["content"]) == [
                "text/csv",
                "application/x-ndjson",
                "application/vnd.apache.parquet",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/zip",
            ]


def test_the_document_says_which_routes_are_for_anybody(token: tuple[Server, str]) -> None:
    server, _ = token
    paths = server.client().get(f"{server.url}/api/v1/openapi.json").json()["paths"]
    public = [
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if operation.get("security") == [{}]
    ]
    assert sorted(public) == [
        "get /api/v1/events/schema",
        "head /api/v1/sources/{source}/webhook",
        "post /api/v1/session",
        "post /api/v1/set-up",
        "post /api/v1/sources/{source}/webhook",
        "post /api/v1/sources/{source}/webhook/{token}",
    ]


def test_the_document_is_kept(token: tuple[Server, str]) -> None:
    server, secret = token
    schema = schemathesis.openapi.from_url(
        f"{server.url}/api/v1/openapi.json",
        config=SchemathesisConfig.from_dict(
            {"checks": {"negative_data_rejection": {"expected-statuses": REJECTIONS}}}
        ),
    )
    operations = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operations.append(found.ok())
    assert len(operations) > 25
    for operation in operations:
        for mode in GenerationMode:
            _ask(operation, mode, secret)
    assert "Traceback" not in server.log()
    assert not re.search(r'"status": 5\d\d', server.log())
    assert server.client(secret).get("/users").status_code == 200


def _ask(operation: Any, mode: GenerationMode, secret: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        # Rules between fields, dates, zones and channels that exist are more than a schema says.
        case.call_and_validate(
            headers={"Authorization": f"Bearer {secret}"},
            excluded_checks=[positive_data_acceptance],
            timeout=LONGEST_WAIT_S,
        )

    # An operation without parameters has nothing to be asked wrongly.
    with contextlib.suppress(Unsatisfiable):
        ask()
