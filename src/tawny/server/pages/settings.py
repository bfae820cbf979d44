"""The settings in force. They are given to the server when it starts, so this page shows them."""

from __future__ import annotations

from litestar import Response, get

from tawny.credentials import without_password
from tawny.people.callers import Scope
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.rendering import AnyRequest, render
from tawny.settings import SETTINGS, Setting, Settings
from tawny.state.database import address_without_password


@get("/settings", opt={"scope": Scope.ADMIN}, sync_to_thread=True)
def settings_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """Every setting: its value, what is allowed, what it does."""
    shown = [(one, shown_value(one, services.settings)) for one in SETTINGS]
    return render(request, caller, "settings.html", settings=shown, home=str(services.home))


def shown_value(setting: Setting, settings: Settings) -> str:
    """The value of a setting without any password in it."""
    text = settings.text(setting.name)
    if setting.secret:
        return without_password(text)
    if "://" not in text:
        return text
    return address_without_password(text)


ROUTES = [settings_page]
