"""From a template and a request to a page in the reader's language, zone and theme."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jinja2
from babel import Locale
from litestar import MediaType, Request, Response

from tawny import __version__
from tawny.languages import LANGUAGES, accepted, locale, translated, translations
from tawny.model.zones import LATEST_MS, current_ms, instant_text, zone
from tawny.people.callers import Caller, Scope
from tawny.server.pages import formatting as words
from tawny.server.pages import labels as names
from tawny.server.pages.compiled_templates import CompiledTemplates
from tawny.server.pages.icons import icon
from tawny.server.pages.run_name import run_name
from tawny.server.pages.sentences import on_page
from tawny.server.pages.static_files import static_url
from tawny.server.services import Services
from tawny.state.run_rows import ExportRun, RunFilter, RunState
from tawny.text import Text

AnyRequest = Request[Any, Any, Any]

LANGUAGE_COOKIE = "tawny_language"
THEME_COOKIE = "tawny_theme"
ZONE_COOKIE = "tawny_zone"
"""Set by the page's script: the browser's time zone, in which instants are shown."""
SEEN_COOKIE = "tawny_seen"
"""Milliseconds since 1970 UTC up to which this browser has seen notifications."""
_MOST_NEWS = 20
_LONGEST_RUN_MS = 7 * 86_400_000
"""Nothing that ends was asked for longer ago."""


def warm() -> None:
    """Compile every template, so that nobody waits for it at the first look at a page."""
    for language in LANGUAGES:
        environment = _environment(language)
        for name in environment.list_templates():
            environment.get_template(name)


@dataclass(frozen=True, slots=True)
class Reader:
    """How this request's person reads: language, time zone, theme."""

    language: str
    zone_name: str
    theme: str

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The browser's zone, UTC while it is not known."""
        return zone(self.zone_name)

    @property
    def locale(self) -> Locale:
        """How numbers and dates are written."""
        return locale(self.language)

    def translate(self, text: str) -> str:
        """A text in the reader's language."""
        return translations(self.language).gettext(text) if text else ""

    def say(self, text: Text | str) -> str:
        """A sentence that carries its values, in the reader's language."""
        return sentence(translated(on_page(text), self.language))

    def plural(self, one: str, many: str, count: int) -> str:
        """A text that depends on a number."""
        return translations(self.language).ngettext(one, many, count)


def sentence(text: str) -> str:
    """A text as it stands alone on a page: errors begin with a small letter, for a terminal."""
    return text[:1].upper() + text[1:]


def reader_of(request: AnyRequest, caller: Caller | None) -> Reader:
    """What the person chose, else what the browser says."""
    cookies = request.cookies
    language = (caller.language if caller else None) or cookies.get(LANGUAGE_COOKIE)
    if language not in LANGUAGES:
        language = accepted(request.headers.get("accept-language", ""))
    theme = (caller.theme if caller else None) or cookies.get(THEME_COOKIE)
    if theme not in ("light", "dark"):
        theme = "system"
    name = cookies.get(ZONE_COOKIE, "UTC").replace("%2F", "/")
    try:
        zone(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        name = "UTC"
    return Reader(language, name, theme)


_BEFORE_BLOCKS = re.compile(
    r"\n+(?=</?(?:div|p|ul|li|dl|dt|dd|table|thead|tbody|tr|th|td|h[1-4]|section|fieldset|legend"
    r"|option|header|nav|main)\b)"
)
"""Ends of lines that mean nothing on a page: what follows begins a line of its own."""


class _Loader(jinja2.PackageLoader):
    """Templates without the indentation of their lines and the ends of lines before blocks, which
    are for those who write them."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool] | None]:
        source, path, fresh = super().get_source(environment, template)
        return _BEFORE_BLOCKS.sub("", re.sub(r"\n[ \t]+", "\n", source)), path, fresh


@functools.cache
def _environment(language: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=_Loader("tawny.server", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        # They change with the version only; looking after each file at each page takes a tenth.
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
        bytecode_cache=CompiledTemplates(__file__, language),
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        translations(language), newstyle=True
    )
    place = locale(language)
    translate = translations(language).gettext
    environment.globals.update(
        icon=icon,
        names=names,
        static=static_url,
        languages=LANGUAGES,
        version=__version__,
        language=language,
    )
    environment.filters.update(
        number=lambda value: words.number(value, place),
        iso=instant_text,
        size=lambda value: words.size(value, place, translate),
        elapsed=lambda value: words.elapsed(value, place, translate),
        said=lambda text: translated(text, language),
        sentence=lambda text: sentence(translated(text, language)),
        run_name=lambda run: run_name(run, language),
        name_in=lambda key, table: translate(table[key]) if key in table else key,
    )
    return environment


def render(
    request: AnyRequest,
    caller: Caller | None,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """A page, or a part of one for a script that asked for it."""
    reader = reader_of(request, caller)
    environment = _environment(reader.language)
    now_ms = current_ms()
    page_names: dict[str, Any] = {}
    if caller is not None and not is_part(request):
        services: Services = request.app.state.services
        page_names["unread"] = unread(services, caller, seen_of(request))

    def moment(instant_ms: int) -> str:
        return words.moment(instant_ms, reader.zone, reader.locale)

    html = environment.get_template(template).render(
        caller=caller,
        reader=reader,
        csrf=(caller.csrf or "") if caller else "",
        path=request.url.path,
        now_ms=now_ms,
        moment=moment,
        ago=lambda at_ms: words.ago(at_ms, now_ms, reader.locale),
        moment_seconds=lambda at_ms: words.moment_seconds(at_ms, reader.zone, reader.locale),
        **page_names,
        **context,
    )
    return Response(
        html,
        media_type=MediaType.HTML,
        status_code=status,
        headers={"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie", **(headers or {})},
    )


def news(services: Services, caller: Caller) -> list[ExportRun]:
    """The caller's newest runs that came to an end: what the bell lists, newest first. Those of
    schedules have their own pages."""
    if not caller.may(Scope.EXPORTS_READ):
        return []
    runs = services.runs.list(caller, _ended(caller), "-created", None, _MOST_NEWS).items
    return sorted(runs, key=lambda run: -(run.ended_ms or 0))


def unread(services: Services, caller: Caller, seen_ms: int) -> int:
    """How many of them ended since an instant, and what was told of deliveries since; looked for on
    each page, so only among the runs of a week before it."""
    told = sum(one.at_ms > seen_ms for one in services.schedules.notices(caller))
    if not caller.may(Scope.EXPORTS_READ):
        return told
    since = replace(
        _ended(caller), ended_after_ms=seen_ms, created_from_ms=max(0, seen_ms - _LONGEST_RUN_MS)
    )
    return told + services.runs.count(caller, since, _MOST_NEWS)


def _ended(caller: Caller) -> RunFilter:
    return RunFilter(owner=caller.name, states=(RunState.READY, RunState.FAILED), kind="on-demand")


def seen_of(request: AnyRequest) -> int:
    """Until when this browser has seen what the bell lists, in milliseconds since 1970 UTC."""
    text = request.cookies.get(SEEN_COOKIE, "0")
    is_moment = text.isascii() and text.isdigit() and len(text) <= len(str(LATEST_MS))
    return int(text) if is_moment else 0


def is_part(request: AnyRequest) -> bool:
    """Whether the page's script asks for a part to put in place."""
    return request.headers.get("hx-request") == "true"
