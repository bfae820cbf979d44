"""The list of deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.people.callers import Scope
from tawny.schedules.store_deliveries import DeliveryFilter
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import labels as names
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render
from tawny.server.pages.schedules import DONE, delivery_words
from tawny.server.pages.sign_in import local_path
from tawny.server.pages.submitted import SubmittedForm, of_query

_WRITE = {"scope": Scope.SCHEDULES_WRITE}
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class DeliveryList:
    """What the list shows; all of it is in the address of the page."""

    schedule: str = ""
    destination: str = ""
    state: str = ""
    before: str = ""
    """The delivery that the page before ended with."""

    @property
    def filtered(self) -> bool:
        """Whether something is left out."""
        return bool(self.schedule or self.destination or self.state)

    def url(self, before: str = "") -> str:
        """The address of the same list, beginning elsewhere."""
        fields = {"schedule": self.schedule, "destination": self.destination,
                  "state": self.state, "before": before}  # fmt: skip
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/deliveries?{query}" if query else "/deliveries"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


@get("/deliveries", opt=_WRITE, sync_to_thread=True)
def deliveries_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """What was brought where, newest first; for the page's script the list alone."""
    fields = of_query(request)
    listed = DeliveryList(
        schedule=fields.one("schedule") if _number(fields.one("schedule")) else "",
        destination=fields.one("destination")[:255],
        state=fields.chosen("state", names.DELIVERY_STATES, ""),
        before=fields.one("before") if _number(fields.one("before")) else "",
    )
    wanted = DeliveryFilter(
        schedule_id=_number(listed.schedule),
        destination=listed.destination,
        states=(listed.state,) if listed.state else (),
    )
    page = services.schedules.deliveries(caller, wanted, _number(listed.before), PAGE_SIZE)
    schedules = services.schedules.list(caller)
    context = {
        "list": listed,
        "deliveries": page.items,
        "next_cursor": page.next_cursor,
        "schedules": schedules,
        "live": {one.schedule.id for one in schedules},
        "destinations": [one.choice.name for one in services.destinations.list(caller)],
        "done": DONE.get(fields.one("done"), ""),
        **delivery_words(reader_of(request, caller)),
    }
    if is_part(request):
        return render(
            request, caller, "parts/delivery_list.html",
            headers={"HX-Replace-Url": listed.url(listed.before)}, **context,
        )  # fmt: skip
    return render(request, caller, "deliveries.html", **context)


@post("/deliveries/{delivery_id:int}/retry", opt=_WRITE, sync_to_thread=True)
def retry(
    caller: Caller, services: Services, form: SubmittedForm, delivery_id: FromPath[int]
) -> Redirect:
    """Try it now, also one that was given up."""
    services.schedules.retry(caller, delivery_id)
    back = local_path(form.one("back", "/deliveries"))
    return Redirect(f"{back}{'&' if '?' in back else '?'}done=retried", status_code=303)


ROUTES = [deliveries_page, retry]
