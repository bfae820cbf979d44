"""How conversations go: opened, held by a virtual agent, answered, resolved, surveyed, reopened.

Every function here is a generator of delays in milliseconds; `Centre.enqueue` parks one until an
agent takes the conversation.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from tawny.sample.chance import DAY, HOUR, MINUTE, SECOND, around, between, pick
from tawny.sample.contact import ATTRIBUTES
from tawny.sample.conversation import NOBODY, SimulatedConversation
from tawny.sample.phrases import fill
from tawny.sample.reference import BOTS
from tawny.sample.writer import escaped

if TYPE_CHECKING:
    from tawny.sample.centre import Centre

Life = Generator[int, None, None]
MAX_FORGOTTEN = 2_000
# What the virtual agent says when it gives up, one entry per share; "" is no reason at all.
REASONS = (
    *("requested",) * 8, *("escape_word",) * 4, *("va_timeout",) * 2, *("error",) * 2, "",
)  # fmt: skip
COMMENTS = tuple(
    escaped(text)
    for text in (
        "Refund agreed, see order",
        'Client dit "c\'est bon"',
        "Called back,\nno answer",
        "=> transmis à l'entrepôt",
        "Goodwill voucher; 10 €",
    )
)
SCORES = (1, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 5)
BOT_OR_NOBODY = (NOBODY, NOBODY, f'"agent_id":"{BOTS[0][0]}"')


def conversation_life(centre: Centre, it: SimulatedConversation, is_new: bool) -> Life:
    """Opening, virtual agent, human agents: the whole life."""
    draw, emit, channel = centre.draw, centre.emit, it.channel
    if is_new:
        meet(centre, it)
    url = f',"url":"{channel.post_url}{it.id}"' if channel.post_url else ""
    known = f',"language":"{it.bank.code}"' if draw() < 0.7 else ""
    emit(
        "conversation.created",
        f'{it.head},"channel_id":"{channel.id}","contact_id":"{it.contact.id}"{url}{known}',
    )
    if channel.id in ("ch-wa", "ch-mail-fr", "ch-mail-uk") and draw() < 0.09:
        it.say("proactive", NOBODY, fill(draw, it.bank.proactive))
        if draw() < 0.35:
            yield around(draw, 5 * HOUR)
            it.resolve("auto_resolve")
            return
        yield around(draw, 25 * MINUTE)
    it.hear(it.bank.problem, opening=True)
    if not known and draw() < 0.35:
        yield between(draw, 300, 4_000)
        emit("conversation.updated", f'{it.head},"language":"{it.bank.code}"')
    if draw() < 0.02:
        yield between(draw, 500, 3_000)
        it.tag()
        it.resolve("automation", reason="spam")
        return
    if draw() < 0.03:
        it.retouch()
    if draw() < 0.36:
        yield around(draw, 14 * SECOND)
        it.hear(it.bank.detail)
    if channel.has_bot and draw() < 0.85:
        yield from with_bot(centre, it)
        if it.status == "resolved":
            yield from afterwards(centre, it)
            return
    elif draw() < 0.6 and not centre.is_open(channel):
        yield between(draw, 700, 3_000)
        it.say("auto_responder", pick(draw, BOT_OR_NOBODY), fill(draw, it.bank.closed))
    if draw() < 0.1:
        it.topic()
    yield from with_humans(centre, it)


def meet(centre: Centre, it: SimulatedConversation) -> None:
    """A contact who is new: announced, described, remembered or, once in a while, erased."""
    draw, contact, channel = centre.draw, it.contact, it.channel
    centre.emit("contact.saved", contact.saved(channel))
    if draw() < 0.36:
        index = int(draw() * len(ATTRIBUTES))
        centre.emit("contact.attribute_set", contact.attribute(index, draw()))
        u = draw()
        if u < 0.25:
            other = (index + 3) % len(ATTRIBUTES)
            event = ("contact.attribute_set", contact.attribute(other, draw()))
            centre.later(around(draw, 20 * MINUTE), event)
        if u < 0.08:
            event = ("contact.attribute_cleared", contact.cleared(index))
            centre.later(around(draw, 9 * HOUR), event)
    if contact.number // 3 % 150 == 40:
        event = ("contact.erased", f'"contact_id":"{contact.id}"')
        centre.later(around(draw, 2 * DAY), event)
        return
    if draw() < 0.03:
        centre.later(around(draw, 7 * HOUR), ("contact.saved", contact.saved(channel)))
    centre.contacts.meet(channel.id, contact.number)


def with_bot(centre: Centre, it: SimulatedConversation) -> Life:
    """A virtual agent holds the conversation until it resolves it or hands it over."""
    draw, emit = centre.draw, centre.emit
    bot = BOTS[0 if draw() < 0.6 else 1][0]
    by = f'"agent_id":"{bot}"'
    yield between(draw, 300, 1_500)
    emit("conversation.virtual_agent_assigned", f"{it.head},{by}")
    if draw() < 0.3:
        it.topic(by)
    while True:
        yield between(draw, 1_200, 5_000)
        it.say("virtual_agent", by, fill(draw, it.bank.bot))
        u = draw()
        if u < 0.14:
            yield around(draw, 40 * SECOND)
            if draw() < 0.5:
                it.hear(it.bank.thanks)
                yield between(draw, 900, 2_500)
            it.resolve("virtual_agent", by)
            return
        if u < 0.24:
            yield 5 * MINUTE
            reason = "contact_timeout"
            break
        if u < 0.3:
            yield around(draw, 25 * SECOND)
            waiting = it.team.idle
            if waiting:
                reason = "taken_by_agent"
                break
        yield around(draw, 28 * SECOND)
        it.hear(it.bank.detail)
        if draw() < 0.05:
            it.tag(by)
        if draw() < 0.34:
            reason = pick(draw, REASONS)
            yield between(draw, 600, 12_000 if reason != "va_timeout" else 40_000)
            break
    shown = f',"reason":"{reason}"' if reason else ""
    emit("conversation.handed_over", f"{it.head},{by}{shown}")
    it.turn("new", "handover", by)


def with_humans(centre: Centre, it: SimulatedConversation) -> Life:
    """Wait, be answered, answer again, until somebody resolves it."""
    draw = centre.draw
    first = False
    while True:
        if draw() < 0.08:
            centre.later(around(draw, 35 * MINUTE), nudge(it))
        yield centre.enqueue(it, first=first)
        answered = yield from in_hand(centre, it)
        first = not answered
        if not answered:
            continue
        if it.status == "resolved":
            yield from afterwards(centre, it)
            return
        if it.status == "new" and it.team.plan.key == "expert":
            continue  # passed on to the experts
        u = draw()
        if u < 0.72:
            yield around(draw, it.channel.pace_min * MINUTE)
            it.hear(it.bank.detail)
            if draw() < 0.4:
                yield around(draw, 15 * SECOND)
                it.hear(it.bank.detail)
            if it.status != "new":
                it.turn("new", "inbound_message")
        elif u < 0.8:
            yield around(draw, 5 * HOUR)
            it.turn("new", "boomerang")
        elif u < 0.85:
            yield around(draw, 3 * HOUR)
            it.turn("new", "set_to_new", pick(draw, it.team.agents).who)
        elif u < 0.91 and len(centre.forgotten) < MAX_FORGOTTEN:
            centre.forgotten.append(it)
            return
        else:
            yield around(draw, 22 * HOUR)
            it.resolve("auto_resolve" if draw() < 0.75 else "automation", reason="inactive")
            return


def nudge(it: SimulatedConversation) -> Life:
    """A contact who still waits when this wakes up asks whether anybody is there."""
    if it.waits:
        it.hear(it.bank.nudge)
    yield from ()


def in_hand(centre: Centre, it: SimulatedConversation) -> Generator[int, None, bool]:
    """From lock to release; false where the conversation must be taken up again."""
    draw, emit = centre.draw, centre.emit
    agent = it.agent
    if agent is None:  # went home between being chosen and taking it
        return False
    if not agent.on_duty:  # likewise for lunch
        centre.release(agent)
        return False
    emit("conversation.locked", f"{it.head},{agent.who if draw() < 0.97 else agent.by}")
    if draw() < 0.055:  # looked, and left it to others
        yield around(draw, 18 * SECOND)
        if it.agent is agent:
            emit("conversation.unlocked", f"{it.head},{agent.by}")
            centre.release(agent)
        return False
    yield around(draw, 75 * SECOND)
    if it.agent is not agent:
        return False
    if draw() < 0.03:  # a colleague steals it
        thief = centre.colleague(agent)
        if thief is not None:
            emit("conversation.locked", f"{it.head},{thief.who}")
            centre.release(agent)
            it.agent = agent = thief
            thief.conversation = it
            yield around(draw, 40 * SECOND)
            if it.agent is not agent:
                return False
    if draw() < 0.16:
        it.tag(agent.who)
    if draw() < 0.22:
        it.topic(agent.who)
        yield between(draw, 800, 9_000)
        if it.agent is not agent:
            return False
    silent = draw() < 0.045
    if not silent:
        it.reply(agent, it.bank.answer if draw() < 0.65 else it.bank.question)
        if draw() < 0.02:
            it.retouch()
        if draw() < 0.6:
            yield around(draw, 30 * SECOND)
            if it.agent is not agent:
                return False
            it.reply(agent, it.bank.question, again=True)
        if draw() < 0.03:
            index = int(draw() * len(ATTRIBUTES))
            emit("contact.attribute_set", it.contact.attribute(index, draw()))
        yield around(draw, 9 * SECOND)
        if it.agent is not agent:
            return False
    u = draw()
    if silent or u < 0.47:
        comment = f',"comment":"{pick(draw, COMMENTS)}"' if draw() < 0.1 else ""
        it.turn("resolved", "agent", agent.who, comment)
    elif u < 0.86:
        it.turn("pending", "agent", agent.who if draw() < 0.97 else agent.by)
    elif u < 0.89:
        it.team = centre.team_by_key["expert"]
        it.turn("new", "set_to_new", f'{agent.by},"team_id":"{it.team.id}"')
    if it.channel.post_url and draw() < 0.06:
        emit("conversation.updated", f'{it.head},"url":"{it.channel.post_url}{it.id}/thread"')
    if it.status == "new" or draw() < 0.55:
        yield between(draw, 100, 6_000)
        if it.agent is not agent:
            return True
        emit("conversation.unlocked", f"{it.head},{agent.by}")
    it.agent = None
    centre.release(agent)
    return True


def afterwards(centre: Centre, it: SimulatedConversation) -> Life:
    """A survey for some, and some write again after all."""
    draw = centre.draw
    if draw() < it.channel.surveys:
        centre.later(between(draw, 800, 8_000), surveyed(centre, it))
    u = draw()
    if u < 0.1:
        yield around(draw, 50 * MINUTE if u < 0.05 else 11 * HOUR)
        it.hear(it.bank.detail if u < 0.05 else it.bank.problem)
        it.turn("new", "inbound_message")
        yield from with_humans(centre, it)


def surveyed(centre: Centre, it: SimulatedConversation) -> Life:
    """A survey is sent; it is answered, answered again with words, or expires."""
    draw, emit, bank = centre.draw, centre.emit, it.bank
    centre.surveys += 1
    survey = f'"survey_id":"s{centre.request.mark}{centre.surveys}",{it.head}'
    emit("csat.sent", survey)
    it.say("csat", NOBODY, fill(draw, bank.survey))
    if draw() > 0.42:
        yield 2 * DAY
        emit("csat.expired", survey)
        if it.status == "resolved" and draw() < 0.4:
            it.turn("resolved", "csat")
        return
    yield around(draw, 12 * MINUTE)
    score = pick(draw, SCORES)
    words = escaped(pick(draw, bank.praise if score > 3 else bank.blame))
    follow_up = (
        f',"follow_up_question":"{bank.follow_up}","follow_up_response":"{words}"'
        if draw() < 0.4
        else ""
    )
    emit("csat.answered", f'{survey},"score":{score}{follow_up}')
    if it.status == "resolved" and draw() < 0.6:
        it.turn("resolved", "csat")
    if draw() < 0.12:
        yield around(draw, 2 * MINUTE)
        score = min(5, score + 1)
        emit(
            "csat.answered",
            f'{survey},"score":{score},"follow_up_question":"{bank.follow_up}",'
            f'"follow_up_response":"{words}"',
        )
