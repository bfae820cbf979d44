"""What mail to people says: of their deliveries, and of exports they asked for."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.deliveries.letters import Letter, days_text
from tawny.exports.request import request_of_json
from tawny.schedules.notices import Notice, NoticeKind
from tawny.settings import Settings
from tawny.state.run_rows import ExportRun, RunState
from tawny.text import Text


def letter_of_notice(notice: Notice, settings: Settings) -> Letter:
    """What the bell says, with what follows from it."""
    destination, schedule = notice.destination, notice.schedule
    why = notice.reason or Text("no reason is known")
    if notice.kind is NoticeKind.RECOVERED:
        subject = Text("{destination}: deliveries arrive again", destination=destination)
        said = [
            Text("Deliveries to {destination} arrive again.", destination=destination),
            Text("What was given up before stays so until somebody presses Try now."),
        ]
    elif notice.kind is NoticeKind.GIVEN_UP:
        subject = Text("{destination}: {schedule} is given up",
                       destination=destination, schedule=schedule)  # fmt: skip
        said = [
            Text("The delivery of {schedule} to {destination} was tried for 24 hours. The last "
                 "time this was in the way:", schedule=schedule, destination=destination),
            Text("{why}", why=why),
            Text("It is not tried again by itself: put that right, then press Try now."),
        ]  # fmt: skip
    elif notice.kind is NoticeKind.LATE:
        subject = Text("{destination}: {schedule} has not arrived",
                       destination=destination, schedule=schedule)  # fmt: skip
        said = [
            Text("The last file of {schedule} should have been at {destination} 2 hours ago or "
                 "longer, and is not there.", schedule=schedule, destination=destination),
        ]  # fmt: skip
        if notice.reason is not None:
            said.append(Text("What is known: {why}", why=notice.reason))
    else:
        subject = Text("{destination}: {schedule} was not delivered",
                       destination=destination, schedule=schedule)  # fmt: skip
        said = [
            Text("{schedule} could not be delivered to {destination}. This is in the way:",
                 schedule=schedule, destination=destination),
            Text("{why}", why=why),
            Text("It is tried again by itself for 24 hours. You are told again only when it is "
                 "given up, or when deliveries there arrive again."),
        ]  # fmt: skip
    closing = Text("Tawny sends this because the schedule {schedule} is yours.", schedule=schedule)
    if notice.owner is not None:
        closing = Text("Tawny sends this because the schedule {schedule} of {owner} names you.",
                       schedule=schedule, owner=notice.owner)  # fmt: skip
    if notice.once:
        closing = Text("Tawny sends this because you sent an export to {destination}.",
                       destination=destination)  # fmt: skip
    return _letter(subject, said, notice.path, (), closing, settings)


def letter_of_export(run: ExportRun, settings: Settings) -> Letter | None:
    """What is said of an export that has ended; None where there is nothing to say."""
    request = request_of_json(run.request)
    exports = ", ".join(run.export_types)
    facts: list[tuple[Text, Text | str]] = [(Text("Exports"), exports)]
    if request.start is not None and request.end is not None:
        days = days_text({"from": request.start, "to": request.end})
        facts.append((Text("Range"), f"{days} ({request.time_zone})"))
    if run.state is RunState.READY:
        subject = Text("Your export is ready: {file}", file=run.file_name or exports)
        said = [Text("The export that you asked for is finished.")]
        facts += [
            (Text("Rows"), Text("{count:,}", count=run.rows or 0)),
            (Text("Size"), Text("{count:,} bytes", count=run.size_bytes or 0)),
            (Text("SHA-256"), run.sha256 or ""),
        ]
    elif run.state is RunState.FAILED:
        subject = Text("Your export failed: {exports}", exports=exports)
        said = [Text("The export that you asked for could not be made:")]
        said.append(Text("{why}", why=run.error or Text("no reason is known")))
    elif run.state is RunState.CANCELLED:
        subject = Text("Your export was cancelled: {exports}", exports=exports)
        said = [Text("The export that you asked for was cancelled before it was finished.")]
    else:
        return None
    closing = Text("Tawny sends this because you asked to be told of this export.")
    return _letter(subject, said, f"/exports/{run.id}", facts, closing, settings)


def _letter(
    subject: Text, said: Sequence[Text], path: str | None, facts: Sequence[tuple[Text, Text | str]],
    closing: Text, settings: Settings,
) -> Letter:  # fmt: skip
    if path is None:
        return Letter(subject, said, None, facts, closing)
    public_url = settings.text("public_url")
    leads = Text("See it here, after signing in:") if public_url else Text("Sign in to see it.")
    link = f"{public_url}{path}" if public_url else None
    return Letter(subject, [*said, leads], link, facts, closing)
