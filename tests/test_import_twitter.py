"""`tawny import twitter`: threads into conversations, on an invented file and on real data.

The real file, the first 5,000 tweets of the public data set, lies beside the checkout where it
is available and is never part of it; its figures were counted by hand or with other programs.
"""

from __future__ import annotations

import csv
import json
import os
import re
import statistics
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tawny.errors import StorageError, UnreadableInputError
from tawny.imports.signature import Signature, signature
from tawny.imports.twitter import TwitterFile, twitter_events
from tawny.imports.twitter_csv import RowError, instant_s
from tawny.model.validation import validate_lines

SMALL = Path(__file__).parent / "data" / "twitter_small.csv"
REAL = Path(__file__).parents[2] / "shared" / "data" / "twcs_first5000.csv"

HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
NINE = "Mon Mar 05 09:00:00 +0000 2018"

Event = dict[str, Any]


def events_of(path: Path) -> list[Event]:
    return [json.loads(line) for block in twitter_events(path) for line in block.splitlines()]


def of_type(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


@pytest.fixture
def real() -> Path:
    if not REAL.exists():
        pytest.skip("left out: the real tweets are not beside the checkout")
    return REAL


def file_of(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "tweets.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


# The invented file


def test_small_messages() -> None:
    """Every message of the invented file: which conversation, when, in which order, by whom."""
    found = [
        (
            int(event["data"]["message_id"]),
            event["time"][11:],
            event["sequence"],
            event["data"]["conversation_id"],
            event["data"]["direction"],
            event["data"].get("outbound_type"),
            event["data"].get("agent_id"),
        )
        for event in of_type(events_of(SMALL), "message.created")
    ]
    inbound, outbound = ("inbound", None, None), ("outbound", "agent")
    assert found == [
        # One customer, one brand. 1 and 2 share a second: the reply comes after by sequence.
        (1, "09:00:00Z", "000000", "1-HelpOtter-900001", *inbound),
        (2, "09:00:00Z", "000001", "1-HelpOtter-900001", *outbound, "HelpOtter:jay"),
        (3, "09:04:30Z", "000002", "1-HelpOtter-900001", *inbound),  # 10:04:30 +0100
        (4, "09:05:00Z", "000003", "1-HelpOtter-900001", *outbound, "HelpOtter:mo"),
        # A second customer joins: a conversation of their own.
        (10, "11:00:00Z", "000000", "10-HelpOtter-900002", *inbound),
        (11, "11:10:00Z", "000001", "10-HelpOtter-900002", *outbound, "HelpOtter:becky"),
        (12, "11:05:00Z", "000001", "10-HelpOtter-900003", *inbound),
        (13, "11:20:00Z", "000002", "10-HelpOtter-900002", *inbound),
        (14, "11:30:00Z", "000002", "10-HelpOtter-900003", *outbound, "HelpOtter:jay"),
        # Two brands: the opening tweet goes to the one that answered it first.
        (20, "12:00:00Z", "000000", "20-HelpOtter-900004", *inbound),
        (21, "12:10:00Z", "000001", "20-HelpOtter-900004", *outbound, "HelpOtter:jay"),
        (22, "12:20:00Z", "000001", "20-AskBadger-900004", *outbound, "AskBadger:dee"),
        (23, "12:12:00Z", "000002", "20-HelpOtter-900004", *inbound),
        (24, "12:25:00Z", "000002", "20-AskBadger-900004", *inbound),
        # The parent is missing: a thread of its own, the customer is the one addressed.
        (30, "13:00:00Z", "000000", "30-AskBadger-900005", *outbound, "AskBadger:tw"),
        (31, "13:01:00Z", "000001", "30-AskBadger-900006", *inbound),
        # An announcement belongs to the first to answer it (14:01, not the first in the file).
        (40, "14:00:00Z", "000000", "40-AskBadger-900008", *outbound, None),
        (41, "14:02:00Z", "000001", "40-AskBadger-900007", *inbound),
        (42, "14:01:00Z", "000001", "40-AskBadger-900008", *inbound),
        (43, "14:03:00Z", "000002", "40-AskBadger-900008", *outbound, None),  # "- Thanks"
        # 50 and 52 are left out; no brand answers 51, but it mentions one of the file.
        (51, "15:01:00Z", "000000", "51-AskBadger-900009", *inbound),
        # "soon-Dee" counts because Dee signs clearly in 22; "Coca-Cola" is nobody.
        (60, "16:00:00Z", "000000", "60-AskBadger-900005", *outbound, "AskBadger:dee"),
        (61, "16:01:00Z", "000000", "61-AskBadger-900005", *outbound, None),
    ]


def test_small_conversations() -> None:
    found = [
        (event["time"], event["id"], event["data"])
        for event in of_type(events_of(SMALL), "conversation.created")
    ]
    expected = [
        ("09:00:00", 1, "HelpOtter", "900001"),
        ("11:00:00", 10, "HelpOtter", "900002"),
        ("11:05:00", 10, "HelpOtter", "900003"),
        ("12:00:00", 20, "HelpOtter", "900004"),
        ("12:20:00", 20, "AskBadger", "900004"),
        ("13:00:00", 30, "AskBadger", "900005"),
        ("13:01:00", 30, "AskBadger", "900006"),
        ("14:00:00", 40, "AskBadger", "900008"),
        ("14:02:00", 40, "AskBadger", "900007"),
        ("15:01:00", 51, "AskBadger", "900009"),
        ("16:00:00", 60, "AskBadger", "900005"),
        ("16:01:00", 61, "AskBadger", "900005"),
    ]
    assert found == [
        (
            f"2018-03-05T{time}Z",
            f"conversation.created/{root}-{brand}-{customer}",
            {
                "conversation_id": f"{root}-{brand}-{customer}",
                "channel_id": brand,
                "contact_id": customer,
            },
        )
        for time, root, brand, customer in expected
    ]


def test_small_people() -> None:
    """Channels, contacts and agents are announced at the time of their first message."""
    events = events_of(SMALL)
    assert [(e["time"][11:19], e["data"]) for e in of_type(events, "channel.saved")] == [
        ("09:00:00", {"channel_id": "HelpOtter", "medium": "twitter", "name": "HelpOtter"}),
        ("12:20:00", {"channel_id": "AskBadger", "medium": "twitter", "name": "AskBadger"}),
    ]
    assert [(e["time"][11:19], e["data"]) for e in of_type(events, "agent.saved")] == [
        ("09:00:00", {"agent_id": "HelpOtter:jay", "name": "JAY"}),
        ("09:05:00", {"agent_id": "HelpOtter:mo", "name": "Mo"}),
        ("11:10:00", {"agent_id": "HelpOtter:becky", "name": "Becky"}),
        ("12:20:00", {"agent_id": "AskBadger:dee", "name": "Dee"}),
        ("13:00:00", {"agent_id": "AskBadger:tw", "name": "TW"}),
    ]
    contacts = of_type(events, "contact.saved")
    assert [(e["time"][11:16], e["data"]["contact_id"]) for e in contacts] == [
        ("09:00", "900001"),
        ("11:00", "900002"),
        ("11:05", "900003"),
        ("12:00", "900004"),
        ("13:00", "900005"),
        ("13:01", "900006"),
        ("14:02", "900007"),
        ("14:00", "900008"),
        ("15:01", "900009"),
    ]
    assert contacts[0]["data"] == {
        "contact_id": "900001",
        "medium": "twitter",
        "primary_identifier": "900001",
    }


def test_small_lines_are_events_with_the_text_as_it_is() -> None:
    lines = b"".join(twitter_events(SMALL)).decode().splitlines()
    by_id = {json.loads(line)["id"]: line for line in lines}
    assert by_id["message.created/3"] == (
        '{"specversion":"1.0","source":"twitter:customer-support","id":"message.created/3",'
        '"type":"message.created","time":"2018-03-05T09:04:30Z","data":{"message_id":"3",'
        '"conversation_id":"1-HelpOtter-900001","direction":"inbound",'
        '"content":"@HelpOtter B flat, \\"please\\" 🎵\\nand soon"},"sequence":"000002"}'
    )
    assert json.loads(by_id["message.created/51"])["data"]["content"].startswith("=1+1 ")


def test_small_says_only_what_the_data_says() -> None:
    """No lock, presence, status, survey, team or business hours is made up."""
    events = events_of(SMALL)
    assert Counter(event["type"] for event in events) == {
        "channel.saved": 2,
        "contact.saved": 9,
        "agent.saved": 5,
        "conversation.created": 12,
        "message.created": 23,
    }
    assert {name for event in events for name in event["data"]} == {
        *("channel_id", "medium", "name", "contact_id", "primary_identifier", "agent_id"),
        *("conversation_id", "message_id", "direction", "outbound_type", "content"),
    }


def test_small_summary_accounts_for_every_row() -> None:
    summary = TwitterFile(SMALL).summary
    assert str(summary) == (
        "tweets=30 messages=23 conversations=12 contacts=9 agents=5 channels=2 left_out=2 refused=5"
    )
    assert (summary.inbound, summary.outbound, summary.signed) == (12, 11, 8)
    # 10-..-900003's was answered; these were not: 30-..-900006, 40-..-900007, 51-..-900009.
    assert (summary.unanswered, summary.threads, summary.parents_missing) == (3, 10, 1)
    assert summary.events == len(events_of(SMALL)) == 51
    assert [(skipped.line, str(skipped.reason)) for skipped in summary.refused] == [
        (
            28,
            "created_at: found 'Mon Mar 05 25:00:00 +0000 2018'; allowed an instant such as "
            "'Tue Oct 31 22:10:47 +0000 2017'",
        ),
        (29, "tweet_id: found 1 again, first on line 2; allowed once"),
        (30, "inbound: found 'maybe'; allowed True (a customer's) or False"),
        (31, "row: found 5 cells; allowed 7, as the header"),
        (
            32,
            "in_response_to_tweet_id: found 'yesterday'; allowed a whole number or nothing",
        ),
    ]
    assert [(skipped.line, str(skipped.reason)) for skipped in summary.left_out] == [
        (
            23,
            "tweet_id: found 50, a brand's that answers no customer, addresses none and was "
            "answered by none; allowed one whose customer is known",
        ),
        (
            25,
            "tweet_id: found 52, a customer's, in a thread without a brand's tweet and with no "
            "@mention of a brand; allowed one whose brand is known",
        ),
    ]


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    with SMALL.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    good = [row for row in rows if len(row) == len(header)]
    # Of a repeated id the first row counts, so those two keep their order.
    shuffled = sorted(good, key=lambda row: (row[0] == "1" and "again" in row[4], row[4]))
    path = tmp_path / "shuffled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *shuffled])
    by_id = {event["id"]: event for event in events_of(SMALL)}
    again = {event["id"]: event for event in events_of(path)}
    # A name is spelled as in the first row that has it.
    by_id["agent.saved/HelpOtter:jay"]["data"].pop("name")
    again["agent.saved/HelpOtter:jay"]["data"].pop("name")
    assert again == by_id


def test_the_validator_accepts_every_event() -> None:
    batches = [validate_lines(block) for block in twitter_events(SMALL)]
    assert [batch.refusals for batch in batches] == [[]]
    assert sum(batch.rows for batch in batches) == 51


def test_reading_twice_gives_the_same_bytes() -> None:
    assert b"".join(twitter_events(SMALL)) == b"".join(twitter_events(SMALL))


def test_columns_by_name_byte_order_mark_and_ids_of_spreadsheets(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text(
        "\ufeff,text,created_at,inbound,author_id,in_response_to_tweet_id,tweet_id\r\n"
        f"0,@LarkCare hi,{NINE},True,7,,1.0\r\n"
        "\r\n"
        f"1,@7 hello,{NINE},False,LarkCare,1.0,2\r\n",
        encoding="utf-8",
        newline="",
    )
    file = TwitterFile(path)
    assert str(file.summary) == (
        "tweets=2 messages=2 conversations=1 contacts=1 agents=0 channels=1 left_out=0 refused=0"
    )


def test_several_brands_nearest_above_then_mentioned_then_first(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        f"1,7,True,{NINE},no handle here,,",
        f"2,8,True,{NINE},what does @AskBadger say?,,1",
        f"3,HelpOtter,False,{NINE.replace('09:00', '09:30')},@8 we say no,,2",
        f"4,AskBadger,False,{NINE.replace('09:00', '09:40')},@8 we say yes,,3",
        f"5,8,True,{NINE.replace('09:00', '09:50')},@HelpOtter well well,,4",
        f"6,9,True,{NINE.replace('09:00', '09:55')},@larkcare @askbadger and me?,,1",
    )
    found = {
        event["data"]["message_id"]: event["data"]["conversation_id"]
        for event in of_type(events_of(path), "message.created")
    }
    assert found == {
        "1": "1-HelpOtter-7",  # no answer, nothing above, no mention: the first to write
        "2": "1-HelpOtter-8",  # answered by HelpOtter, whatever it mentions
        "3": "1-HelpOtter-8",
        "4": "1-AskBadger-8",
        "5": "1-AskBadger-8",  # follows AskBadger's
        "6": "1-AskBadger-9",  # mentions; LarkCare is no brand of this file
    }


# Files that are wrong


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": found an empty file; allowed: a header line with the columns tweet_id, "),
        (b" \n", ": found an empty file; allowed: a header line with the columns tweet_id, "),
        (b"\x1f\x8b\x08\x00abc", ": found binary data (gzip); allowed: CSV as UTF-8 text; unpack"),
        (b"tweet_id\0", ": found binary data; allowed: CSV as UTF-8 text; check that it is the"),
        (
            b"tweet_id,author_id,inbound,text\n",
            ":1: column created_at: found none of that name among 'tweet_id', 'author_id', "
            "'inbound', 'text'; allowed: a header with tweet_id, author_id, inbound, ",
        ),
        (
            HEADER.replace("text", "inbound").encode(),
            ":1: column text: found none of that name among",
        ),
        (
            HEADER.replace("response_tweet_id,", "text,", 1).encode(),
            ":1: column text: found twice; allowed once",
        ),
        (
            (HEADER + f"1,7,True,{NINE},caf").encode() + b"\xe9,,\n",
            ":2: found byte 0xe9, which is not UTF-8; allowed: CSV as UTF-8 text; convert the",
        ),
        (
            (HEADER + f'1,7,True,{NINE},"never closed,,\n').encode(),
            ":2: found broken CSV (unexpected end of data); allowed: cells with a comma, quote",
        ),
        (
            (HEADER + f"1,7,True,{NINE},a,,1\n").encode(),
            ":2: in_response_to_tweet_id: found tweet 1 answering itself by way of its own",
        ),
        (
            (HEADER + f"1,7,True,{NINE},a,,2\n2,7,True,{NINE},b,,1\n").encode(),
            ":2: in_response_to_tweet_id: found tweet 1 answering itself by way of its own",
        ),
    ],
)
def test_a_file_that_is_not_the_layout(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableInputError) as raised:
        TwitterFile(path)
    assert str(raised.value).startswith(f"{path}{message}")
    assert "\n" not in str(raised.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInputError, match="there is no such file; give a CSV file"):
        TwitterFile(tmp_path / "nowhere.csv")
    with pytest.raises(UnreadableInputError, match="found a folder; allowed: a CSV file"):
        TwitterFile(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableInputError, match="found a pipe or device; allowed: a CSV file"):
        TwitterFile(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f",7,True,{NINE},a,,", "tweet_id: found ''; allowed a whole number"),
        (f"-1,7,True,{NINE},a,,", "tweet_id: found '-1'; allowed a whole number"),
        (
            f"9223372036854775808,7,True,{NINE},a,,",
            "tweet_id: found '9223372036854775808'; allowed a whole number",
        ),
        (f"1,,True,{NINE},a,,", "author_id: found ''; allowed 1 to 100 characters"),
        (
            "1,7,True,2018-03-05T09:00:00Z,a,,",
            "created_at: found '2018-03-05T09:00:00Z'; allowed an instant such as "
            "'Tue Oct 31 22:10:47 +0000 2017'",
        ),
        (
            "1,7,True,Fri Feb 30 09:00:00 +0000 2018,a,,",
            "created_at: found 'Fri Feb 30 09:00:00 +0000 2018'; allowed an instant such as "
            "'Tue Oct 31 22:10:47 +0000 2017'",
        ),
    ],
)
def test_a_bad_row_is_refused_and_the_good_ones_kept(tmp_path: Path, row: str, reason: str) -> None:
    path = file_of(tmp_path, row, f"5,7,True,{NINE},a,,6", f"6,LarkCare,False,{NINE},@7 b,,")
    summary = TwitterFile(path).summary
    assert [(skipped.line, str(skipped.reason)) for skipped in summary.refused] == [(2, reason)]
    assert (summary.tweets, summary.messages) == (3, 2)


def test_a_file_that_changes_between_the_two_readings(tmp_path: Path) -> None:
    row = f"1,LarkCare,False,{NINE},@7 b,,"
    path = file_of(tmp_path, row)
    file = TwitterFile(path)
    for rows in ([], [row.replace("1,", "2,", 1)], [row, row.replace("1,", "2,", 1)]):
        file_of(tmp_path, *rows)
        with pytest.raises(StorageError, match="changed while it was being read; import it again"):
            list(file.events())


def test_instants() -> None:
    assert instant_s("Thu Jan 01 00:00:00 +0000 1970") == 0
    assert instant_s("Tue Oct 31 22:10:47 +0000 2017") == 1509487847
    assert instant_s("Wed Nov 01 00:10:47 +0200 2017") == 1509487847
    assert instant_s("Tue Oct 31 19:40:47 -0230 2017") == 1509487847
    for wrong in ("Tue Okt 31 22:10:47 +0000 2017", "Tue Oct 31 22:10:60 +0000 2017", ""):
        with pytest.raises(RowError):
            instant_s(wrong)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("What is wrong? ^JK", "JK"),
        ("glued to the question?^cm", "cm"),
        ("on its own line.\n^HSB", "HSB"),
        ("with a link ^Raj https://t.co/aaaa", "Raj"),
        ("after a link https://t.co/aaaa ^JA", "JA"),
        ("part ^Jane 2/2", "Jane"),
        ("part 2/2^ML", "ML"),
        ("part, dots and link. *TLT... 1/2 https://t.co/aaaa", "TLT"),
        ("part in brackets ^Jo (2/2)", "Jo"),
        ("a lone stop ^AP .", "AP"),
        ("its own stop. ^Osebi.", "Osebi"),
        ("emoji 🎃^E", "E"),
        ("in good hands. -Becky", "Becky"),
        ("spaced - Paul", "Paul"),
        ("after a stop.-JC", "JC"),
        ("two dashes -- Mat", "Mat"),
        ("long dash –XG", "XG"),
        ("initials -S.D.", "SD"),
        ("thank you- Mariya", "Mariya"),
        ("tilde ~ Ellen", "Ellen"),
        ("star *JoanO", "JoanO"),
        ("slash /LS", "LS"),
        ("equals = JJ", "JJ"),
        ("-Becky", "Becky"),
        # Not signatures
        ("the Durham-area.", None),
        ("WE DEMAND A RE-TASTE!", None),
        ("our WI-FI", None),
        ("a heads-up 1/3", None),
        ("interest in this w/our team", None),
        ("via phone/chat", None),
        ("the Nov/Dec", None),
        ("open 07:30-20:00^", None),
        ("soon! ^^", None),
        ("^^JAY", None),
        ("cut off ^Ja...", None),
        ("cut off ^Ja… https://t.co/aaaa", None),
        ("that is all - Thanks", None),
        ("no name -", None),
        ("ask us - anytime", None),
        ("https://t.co/ab-CD", None),
        ("2*Three", None),
        ("open 24/7", None),
        ("not at ^JAY the end", None),
        ("", None),
    ],
)
def test_signatures(text: str, name: str | None) -> None:
    found = signature(text)
    assert (found and found.name) == name
    assert found is None or not found.glued


def test_a_dash_after_a_letter_may_be_a_hyphen() -> None:
    assert signature("thank you-Yana") == Signature("Yana", glued=True)
    assert signature("drink Coca-Cola") == Signature("Cola", glued=True)


# The real file: 5,000 tweets


def test_real_counts(real: Path) -> None:
    """76 brands, 1,443 customers, 1,312 threads, 6 missing parents, as counted independently."""
    with real.open(encoding="utf-8", newline="") as file:
        tweets = list(csv.DictReader(file))
    customers = {tweet["author_id"] for tweet in tweets if tweet["inbound"] == "True"}
    brands = {tweet["author_id"] for tweet in tweets if tweet["inbound"] == "False"}
    assert (len(tweets), len(customers), len(brands)) == (5000, 1443, 76)

    file_ = TwitterFile(real)
    summary = file_.summary
    assert str(summary) == (
        "tweets=5000 messages=5000 conversations=1488 contacts=1444 agents=483 channels=76 "
        "left_out=0 refused=0"
    )
    assert (summary.inbound, summary.outbound, summary.signed) == (2778, 2222, 1455)
    assert (summary.threads, summary.parents_missing, summary.unanswered) == (1312, 6, 133)
    events = events_of(real)
    assert Counter(event["type"] for event in events) == {
        "channel.saved": 76,
        "contact.saved": 1444,
        "agent.saved": 483,
        "conversation.created": 1488,
        "message.created": 5000,
    }
    assert len({event["id"] for event in events}) == len(events) == summary.events
    channels = {event["data"]["channel_id"] for event in of_type(events, "channel.saved")}
    contacts = {event["data"]["contact_id"] for event in of_type(events, "contact.saved")}
    assert channels == brands
    # 116051's own tweet is missing: known only because a brand addresses it.
    assert contacts == customers | {"116051"}
    texts = {tweet["tweet_id"]: tweet["text"] for tweet in tweets}
    messages = of_type(events, "message.created")
    assert {e["data"]["message_id"]: e["data"]["content"] for e in messages} == texts


def test_real_conversations_are_threads_cut_by_customer(real: Path) -> None:
    """1,201 threads are one conversation each, the other 111 are 287: 1,488 in all."""
    of_thread = defaultdict(list)
    for event in of_type(events_of(real), "conversation.created"):
        of_thread[event["data"]["conversation_id"].split("-")[0]].append(event["data"])
    assert len(of_thread) == 1312
    several = {root: found for root, found in of_thread.items() if len(found) > 1}
    assert len(several) == 111
    assert sum(map(len, several.values())) == 287
    brands = {root: {data["channel_id"] for data in found} for root, found in of_thread.items()}
    # One thread has several brands: a contest of mince pies.
    assert {root: found for root, found in brands.items() if len(found) > 1} == {
        "7442": {"AldiUK", "marksandspencer", "sainsburys", "Tesco"}
    }


def test_real_first_answers(real: Path) -> None:
    """First customer tweet to first brand tweet of a thread, as counted by another program."""
    first: dict[tuple[str, str], datetime] = {}
    answers: dict[str, float] = {}
    messages = of_type(events_of(real), "message.created")
    for event in sorted(messages, key=lambda e: (e["time"], e["sequence"], e["id"])):
        data = event["data"]
        thread = data["conversation_id"].split("-")[0]
        time = datetime.fromisoformat(event["time"])
        asked = first.get((thread, "inbound"))
        if data["direction"] == "inbound":
            first.setdefault((thread, "inbound"), time)
        elif asked is not None:
            answers.setdefault(thread, (time - asked).total_seconds())
    seconds = sorted(answers.values())
    assert statistics.median(seconds) == 813
    assert seconds[int(0.9 * len(seconds))] == 32_906
    assert seconds[-1] == 194_839_724


def test_real_replies_come_after_what_they_answer(real: Path) -> None:
    with real.open(encoding="utf-8", newline="") as file:
        parents = {t["tweet_id"]: t["in_response_to_tweet_id"] for t in csv.DictReader(file)}
    place = {
        event["data"]["message_id"]: (event["time"], event["sequence"], event["id"])
        for event in of_type(events_of(real), "message.created")
    }
    known = {tweet: parent for tweet, parent in parents.items() if parent in parents}
    assert len(known) == 5000 - 1312
    assert all(place[parent] < place[tweet] for tweet, parent in known.items())


def test_real_signatures(real: Path) -> None:
    """1,455 of 2,222 brand tweets are signed; each doubtful one was looked at."""
    with real.open(encoding="utf-8", newline="") as file:
        brands = [tweet for tweet in csv.DictReader(file) if tweet["inbound"] == "False"]
    # Found another way: 1,169 end in one of three marks and a word, nothing after it.
    plain = [tweet for tweet in brands if re.search(r"[\^*-]\w+\s*\Z", tweet["text"])]
    assert len(plain) == 1169
    assert all(signature(tweet["text"]) for tweet in plain)
    agents = {
        event["data"]["message_id"]: event["data"].get("agent_id")
        for event in of_type(events_of(real), "message.created")
    }
    doubtful = [tweet for tweet in brands if (s := signature(tweet["text"])) and s.glued]
    assert {tweet["text"][-12:]: agents[tweet["tweet_id"]] for tweet in doubtful} == {
        ". Thanks-Sha": None,  # nobody signs as Sha or Emir without a doubt
        ".Thanks-Emir": None,
        "Thanks-Anwar": "AirAsiaSupport:anwar",
        "changes-Yana": "AirAsiaSupport:yana",
        "ike it-Tabby": "Morrisons:tabby",
        "ee you go-DD": "sprintcare:dd",
    }
    by_id = {tweet["tweet_id"]: tweet for tweet in brands}
    assert agents["43"] == "VerizonSupport:jay"
    assert by_id["43"]["text"].endswith("without authenticating your account.\n^JAY")


class Response(NamedTuple):
    """One response as exports define it: wall clock from the opener to the agent's reply."""

    conversation: str
    from_: str
    to: str
    seconds: int
    inbound: str
    outbound: str


# Followed by eye in the file: the thread's rows in order of time, then the rule of responses
# (the earliest inbound after the last reply, up to the next reply).
BY_EYE = [
    # 8 "is the worst customer service" 21:45:10; the first reply is 6, a minute later.
    Response(
        "8-sprintcare-115712", "2017-10-31T21:45:10", "2017-10-31T21:46:24", 74, "8", "6"
    ),
    # 81 is the brand's announcement and opens nothing; 80 asks, 79 (-Becky) answers.
    Response(
        "81-ChipotleTweets-115733", "2017-10-31T22:01:32", "2017-10-31T22:11:12", 580, "80", "79"
    ),
    # 49, 47, 42 wait together for 40; 48 and 46 between them are another account's.
    Response(
        "49-VerizonSupport-115721", "2017-10-31T21:42:09", "2017-10-31T22:12:00", 1791, "49", "40"
    ),
    # 628 answers a shop's advertisement (630), which is not this customer's.
    Response(
        "630-AmazonHelp-115826", "2017-10-31T21:57:24", "2017-10-31T22:28:00", 1836, "628", "626"
    ),
    # 3745's parent is missing: that reply answers nothing we know; 3744 to 3743 is the first.
    Response(
        "3745-AmazonHelp-116616", "2017-10-31T22:42:37", "2017-10-31T23:01:36", 1139, "3744", "3743"
    ),
    # 212 is a second customer in 216's thread; 214 "Sorry for the late response", 8:38:44.
    Response(
        "216-ATVIAssist-115756", "2017-11-02T04:03:21", "2017-11-02T12:42:05", 31124, "212", "214"
    ),
    # 2508 and 2507 wait overnight; 2519 replies to 2507, the wait began with 2508: 13:27:38.
    Response(
        "2531-Tesco-116305", "2017-11-26T00:16:45", "2017-11-26T13:44:23", 48458, "2508", "2519"
    ),
    # Over midnight: 2531 at 20:44:44, 2514 at 23:57:00, the reply 2504 at 00:08:41: 3:23:57.
    Response(
        "2531-Tesco-116302", "2017-11-25T20:44:44", "2017-11-26T00:08:41", 12237, "2531", "2504"
    ),
    # 821 gets eleven replies in a row; only the first, 833, is its response.
    Response(
        "817-Delta-115886", "2017-11-01T04:26:57", "2017-11-01T04:37:32", 635, "821", "833"
    ),
    # Several brands: 7436 answers AldiUK, marksandspencer answers 7436 at 20:01:56: 3:22:34.
    Response(
        "7442-marksandspencer-117242",
        *("2017-11-07T16:39:22", "2017-11-07T20:01:56", 12154, "7436", "7434"),
    ),
]  # fmt: skip


def responses(events: list[Event]) -> list[Response]:
    """The rule without virtual agents and status changes, of which tweets know nothing."""
    waiting: dict[str, Event] = {}
    found = []
    messages = of_type(events, "message.created")
    for event in sorted(messages, key=lambda e: (e["time"], e["sequence"], e["id"])):
        data = event["data"]
        conversation = data["conversation_id"]
        if data["direction"] == "inbound":
            waiting.setdefault(conversation, event)
        elif (opener := waiting.pop(conversation, None)) is not None:
            start, end = (datetime.fromisoformat(e["time"]) for e in (opener, event))
            found.append(
                Response(
                    conversation,
                    opener["time"][:19],
                    event["time"][:19],
                    int((end - start).total_seconds()),
                    opener["data"]["message_id"],
                    data["message_id"],
                )
            )
    return found


def test_real_response_times_followed_by_eye(real: Path) -> None:
    by_reply = {response.outbound: response for response in responses(events_of(real))}
    assert [by_reply.get(response.outbound) for response in BY_EYE] == BY_EYE
    # The replies after 833 to the same tweet respond to nothing, but 847 opened a new wait.
    assert "832" not in by_reply
    assert by_reply["823"].inbound == "847"


def tawny(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tawny", "--home", str(home), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_real_response_times_in_the_export(real: Path, tmp_path: Path) -> None:
    """The same ten through the command line, and as many rows as the rule gives."""
    imported = tawny(tmp_path / "home", "import", "twitter", real)
    assert imported.returncode == 0, imported.stderr
    again = tawny(tmp_path / "home", "import", "twitter", real)
    assert again.returncode == 0, again.stderr
    target = tmp_path / "responses.csv"
    exported = tawny(
        tmp_path / "home",
        *("export", "response-times", "--from", "2010-01-01", "--to", "2020-01-01"),
        *("--headers", "key", "-o", target),
    )
    assert exported.returncode == 0, exported.stderr
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(responses(events_of(real)))
    by_reply = {row["outbound_message_id"]: row for row in rows}
    for response in BY_EYE:
        row = by_reply[response.outbound]
        assert row["conversation_id"] == response.conversation
        assert row["from"] == f"{response.from_}.000+00:00"
        assert row["to"] == f"{response.to}.000+00:00"
        assert row["agent_response_time"] == str(response.seconds)
        assert row["inbound_message_id"] == response.inbound
        assert row["started_by"] == "CONTACT_SENT_MESSAGE"
