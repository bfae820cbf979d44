"""The whole OpenAPI document, asked at random by `schemathesis`: no server error, no answer that
the document does not describe."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from server.running import Server, running, send, small_log, token_of

EXAMPLES = 8
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
        scopes = ("events:write", "exports:read", "exports:write", "admin")
        yield server, token_of(root, *scopes)


def test_the_document_is_kept(token: tuple[Server, str]) -> None:
    server, secret = token
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
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
            timeout=60,
        )

    # An operation without parameters has nothing to be asked wrongly.
    with contextlib.suppress(Unsatisfiable):
        ask()
