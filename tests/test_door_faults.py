"""The webhook door over HTTP: a prefork Odoo, real signatures, every fault by number.

That no answer sets a cookie, redirects or is a 5xx (but 503 with Retry-After) is
checked by the sender itself, on every answer.
"""

import gzip
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import RemoteDisconnected
from urllib.request import urlopen

import pytest
from door import (
    KEY_FILE,
    Door,
    eventually,
    new_id,
    order,
    scheme,
    serving,
    stripe_event,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lib import odoo_server, postgres

MEGABYTE = 1024 * 1024
fuzzing = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def door():
    with (
        postgres.running() as server,
        serving(server, **odoo_server.NO_JOBS) as running,
    ):
        yield running


# -- authentic ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "make"),
    [("demo", order), ("stripe", stripe_event)],
    ids=["demo", "stripe"],
)
def test_exact_replay_is_a_duplicate_and_one_message(door: Door, code, make):
    """FAULTS 1."""
    body = make(new_id())
    headers = door.sign(code, body)
    first = door.post(code, body, headers)
    assert (first.status, first.told["status"]) == (202, "accepted")
    again = door.post(code, body, headers)
    assert (again.status, again.told["status"]) == (202, "duplicate")
    assert again.told["message"] == first.told["message"]
    later = door.deliver(code, body)  # the same, signed anew, as senders do
    assert later.told == again.told
    assert len(door.messages(code, json.loads(body)["id"])) == 1


@pytest.mark.parametrize("late", [301, 3600, -330, -86400])
def test_replay_past_tolerance_and_the_future_are_refused(door: Door, late):
    """FAULTS 2, 3."""
    before = door.count("demo")
    assert door.deliver("demo", order(), late=late).status == 401
    assert door.count("demo") == before


@pytest.mark.parametrize("late", [270, -290])
def test_clocks_may_differ_within_tolerance(door: Door, late):
    """FAULTS 2, 3, 30."""
    assert door.deliver("demo", order(), late=late).status == 202


def test_every_cause_of_refusal_looks_the_same(door: Door):
    """FAULTS 2 to 8, 11, 12, 20: one status and one body for every cause."""
    body = order()
    good = door.sign("demo", body)["x-demo-signature"]
    stamp, _, digest = good.partition(",")
    headers = {
        "wrong secret": door.sign("demo", body, "whsec_wrong"),
        "none": {},
        "empty": {"x-demo-signature": ""},
        "garbage": {"x-demo-signature": "garbage"},
        "no time": {"x-demo-signature": digest},
        "no digest": {"x-demo-signature": stamp},
        "empty digest": {"x-demo-signature": f"{stamp},v1="},
        "two times": {"x-demo-signature": f"{stamp},{good}"},
        "odd time": {"x-demo-signature": f"t=soon,{digest}"},
        "digits of another script": {"x-demo-signature": f"t=١٢٣,{digest}".encode()},
        "not ascii": {"x-demo-signature": good.encode() + b"\xff"},
        "control character": {"x-demo-signature": good + "\x01"},
        "upper case": {"x-demo-signature": good.upper()},
        "other version": {"x-demo-signature": good.replace("v1=", "v0=")},
        "sha-1 length": {"x-demo-signature": good[:-24]},
        "many": {"x-demo-signature": stamp + ",v1=00" * 100},
        "long": {"x-demo-signature": good + "," * 9000},
        "other system's header": {"stripe-signature": good},
        "other company's secret": door.sign("other", body),
        "late": door.sign("demo", body, late=301),
        "future": door.sign("demo", body, late=-600),
        "other body": door.sign("demo", order()),
    }
    answers = {why: door.post("demo", body, each) for why, each in headers.items()}
    answers["no secret"] = door.deliver("unset", body, secret="whsec_any")
    answers["empty secret"] = door.deliver("unset", body, secret=" x")
    answers["too early"] = door.deliver("early", body, secret="later")
    assert {why: each.status for why, each in answers.items()} == dict.fromkeys(
        answers, 401
    )
    assert len({each.body for each in answers.values()}) == 1
    assert not door.messages("demo", json.loads(body)["id"])


def test_repeated_signature_header_is_refused_unless_both_are_whole(door: Door):
    """FAULTS 11: servers join repeated headers, so both are read."""
    body = order()
    good = ("x-demo-signature", door.sign("demo", body)["x-demo-signature"])
    assert door.post("demo", body, [good, good]).status == 401  # two times
    bad = ("x-demo-signature", "v1=00")
    assert door.post("demo", body, [bad, good]).status == 202


def test_old_secret_is_good_within_its_grace_only(door: Door):
    """FAULTS 6."""
    for code, status in (("rotating", 202), ("rotated", 401)):
        assert door.deliver(code, order(), secret="old").status == status
        assert door.deliver(code, order(), secret="now").status == 202


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(fuzzing, max_examples=40)
def test_any_changed_bit_of_the_body_is_refused(door: Door, place, bit):
    """FAULTS 7."""
    body = order("changed")
    changed = bytearray(body)
    changed[place % len(body)] ^= 1 << bit
    answer = door.post("demo", bytes(changed), door.sign("demo", body))
    assert answer.status == 401


def test_body_serialised_again_is_refused(door: Door):
    """FAULTS 8: the bytes are signed, not their meaning."""
    body = order()
    again = json.dumps(json.loads(body), indent=1).encode()
    assert door.post("demo", again, door.sign("demo", body)).status == 401


def test_algorithm_cannot_be_chosen_by_the_sender(door: Door):
    """FAULTS 12: other prefixes than the scheme's are not looked at."""
    body = stripe_event()
    stamp, _, digest = door.sign("stripe", body)["stripe-signature"].partition(",v1=")
    for item in (f"v0={digest}", f"sha1={digest}", f"none={digest}", "alg=none"):
        assert (
            door.post("stripe", body, {"stripe-signature": f"{stamp},{item}"}).status
            == 401
        )


# -- identity -------------------------------------------------------------------------


def test_same_id_with_other_body_is_a_new_revision_where_allowed(door: Door):
    """FAULTS 9."""
    identity = new_id()
    one, two = order(identity), order(identity, description="other")
    assert door.deliver("demo", one).told["status"] == "accepted"
    assert door.deliver("demo", two).told["status"] == "accepted"
    assert door.deliver("demo", two).told["status"] == "duplicate"
    # neither dropped nor applied silently: a person is asked which content counts
    assert door.deliver("demo", one).told["status"] == "accepted"
    assert door.deliver("demo", one).told["status"] == "duplicate"
    revisions = [revision for _id, revision, _state in door.messages("demo", identity)]
    assert revisions == [0, 1, 2]


def test_same_id_with_other_body_is_refused_and_shown_where_forbidden(door: Door):
    """FAULTS 9."""
    identity = new_id()
    assert door.deliver("strict", order(identity)).status == 202
    for _time in range(2):
        answer = door.deliver("strict", order(identity, description="other"))
        assert answer.status == 409
    assert len(door.messages("strict", identity)) == 1
    shown = door.rows(
        "SELECT category, state, message_id FROM finance_exception"
        " WHERE system_id = %s AND cause = %s",
        door.systems["strict"]["id"],
        f"revision:{identity}",
    )
    first = door.messages("strict", identity)[0][0]
    assert shown == [("control", "open", first)]


def test_fifty_at_once_of_one_id_are_one_message(door: Door):
    """FAULTS 10."""
    identity = new_id()
    body = order(identity)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: door.deliver("demo", body), range(50)))
    told = [each.told["status"] for each in answers if each.status == 202]
    assert len(told) == 50
    assert sorted(set(told)) == ["accepted", "duplicate"]
    assert told.count("accepted") == 1
    assert len(door.messages("demo", identity)) == 1


def test_fifty_bodies_at_once_of_one_id_are_all_kept(door: Door):
    """FAULTS 9, 10: every content is a revision of its own."""
    identity = new_id()
    bodies = [order(identity, description=f"{n}") for n in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda body: door.deliver("demo", body), bodies))
    assert {each.status for each in answers} == {202}
    revisions = [revision for _id, revision, _state in door.messages("demo", identity)]
    assert revisions == list(range(20))


def test_delivery_that_waited_for_a_rival_of_its_id_is_accepted(door: Door):
    """FAULTS 28: another transaction inserts the same id while ours waits for it."""
    body = order(identity := new_id())
    with closing(door.database()) as rival, ThreadPoolExecutor(1) as pool:
        rival.autocommit = False
        with rival.cursor() as cursor:
            cursor.execute(
                "INSERT INTO finance_message (system_id, company_id, direction, state,"
                " identity, revision, digest, priority) SELECT id, company_id, 'in',"
                " 'processed', %s, 0, 'other', '1' FROM finance_system"
                " WHERE code = 'demo'",
                (identity,),
            )
        waiting = pool.submit(door.deliver, "demo", body)
        time.sleep(1)
        assert not waiting.done()
        rival.commit()
        assert waiting.result().told["status"] == "accepted"
    assert [revision for _, revision, _ in door.messages("demo", identity)] == [0, 1]


# -- shape ----------------------------------------------------------------------------


def test_too_large_is_413_however_it_is_told(door: Door):
    """FAULTS 13."""
    body = b"[" + b" " * MEGABYTE + b"]"
    assert door.deliver("demo", body).status == 413
    head = "POST /finance/webhook/demo HTTP/1.1\r\nhost: x\r\n"
    head += "content-type: application/json\r\n"
    for length in (MEGABYTE + 1, 10**12, 10**30):
        told = f"{head}content-length: {length}\r\n\r\n"
        assert door.send(told.encode()).status in (400, 413)


def test_largest_body_allowed_is_read(door: Door):
    """FAULTS 13."""
    body = order()
    body += b" " * (MEGABYTE - len(body))
    assert door.deliver("demo", body).status == 202


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "five", "", "0x10", "5, 5"])
def test_odd_content_length_is_refused(door: Door, length):
    """FAULTS 13."""
    answer = door.post("demo", b"hello", {"content-length": length})
    assert answer.status in (400, 401, 413)


def test_chunked_without_length_is_400(door: Door):
    """FAULTS 13."""
    body = order()
    signature = door.sign("demo", body)["x-demo-signature"]
    head = (
        "POST /finance/webhook/demo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        "content-type: application/json\r\ntransfer-encoding: chunked\r\n"
        f"x-demo-signature: {signature}\r\n\r\n{len(body):x}\r\n"
    )
    assert door.send(head.encode() + body + b"\r\n0\r\n\r\n").status == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "\xe9"])
def test_compressed_is_415_and_never_unpacked(door: Door, encoding):
    """FAULTS 14."""
    body = gzip.compress(b" " * 50 * MEGABYTE)
    answer = door.deliver("demo", body)
    assert answer.status == 400  # authentic, and no JSON as it stands
    headers = {**door.sign("demo", body), "content-encoding": encoding}
    assert door.post("demo", body, headers).status == 415


HOSTILE = {
    "not json": b"hello",
    "empty": b"",
    "cut off": order()[:-3],
    "deep lists (15)": b"[" * 100_000,
    "deep objects (15)": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "invalid utf-8 (16)": b'{"id": "\xff\xfe"}',
    "overlong utf-8 (16)": b'{"id": "\xc0\xaf"}',
    "utf-8 surrogate (16)": b'{"id": "\xed\xa0\x80"}',
    "byte order mark (16)": b"\xef\xbb\xbf" + order(),
    "utf-16 (16)": order().decode().encode("utf-16"),
    "lone surrogate (16)": b'{"id": "\\ud800"}',
    "nul (16)": b'{"id": "a\\u0000b", "documents": []}',
    "raw nul (16)": b'{"id": "a\x00b"}',
    "NaN (17)": b'{"id": "x", "a": NaN}',
    "Infinity (17)": b'{"id": "x", "a": -Infinity}',
    "huge integer (18)": b'{"id": "x", "a": ' + b"9" * 5000 + b"}",
    "1e400 (18)": b'{"id": "x", "a": 1e400}',
    "1e-400 (18)": b'{"id": "x", "a": 1e-400}',
    "huge exponent (18)": b'{"id": "x", "a": 1e99999999999}',
    "duplicate keys (19)": b'{"id": "x", "id": "y"}',
    "no id": b'{"documents": []}',
    "id is a number": b'{"id": 5}',
    "id is empty": b'{"id": ""}',
    "id too long": b'{"id": "' + b"x" * 100_000 + b'"}',
    "id of two lines": b'{"id": "a\\nb"}',
    "trailing text": order() + b"{}",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_authentic_but_malformed_is_400_with_nothing_stored(door: Door, body):
    """FAULTS 15 to 19."""
    before = door.count("demo")
    answer = door.deliver("demo", body)
    assert answer.status == 400
    assert answer.told["error"]
    assert door.count("demo") == before


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_malformed_from_a_stranger_is_401(door: Door, body):
    """FAULTS 15 to 19: nobody's bytes are parsed before they are authentic."""
    assert door.deliver("demo", body, secret="whsec_wrong").status == 401


def test_float_money_is_exact_or_refused_later(door: Door):
    """FAULTS 18: 10.1 in JSON is a decimal number; nothing is rounded at the door."""
    body = order(identity := new_id()).replace(b'"10.00"', b"10.10")
    assert door.deliver("demo", body).status == 202
    assert len(door.messages("demo", identity)) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/xml",
        "application/json-patch+json",
        "",
        "\xff",
    ],
)
def test_wrong_content_type_is_415(door: Door, kind):
    """FAULTS 20."""
    body = order()
    headers = {**door.sign("demo", body), "content-type": kind}
    assert door.post("demo", body, headers).status == 415


def test_content_type_may_name_its_charset(door: Door):
    body = order()
    headers = door.sign("demo", body) | {
        "content-type": "application/json; charset=utf-8"
    }
    assert door.post("demo", body, headers).status == 202


def test_delivery_for_another_companys_system_stays_out_of_it(door: Door):
    """FAULTS 20."""
    body = order(identity := new_id())
    assert door.post("other", body, door.sign("demo", body)).status == 401
    assert door.deliver("other", body).status == 202
    assert door.deliver("demo", body).status == 202
    companies = door.rows(
        "SELECT system.code, message.company_id = system.company_id"
        " FROM finance_message message JOIN finance_system system"
        " ON system.id = message.system_id WHERE identity = %s ORDER BY 1",
        identity,
    )
    assert companies == [("demo", True), ("other", True)]


def test_every_refusal_leaves_a_log_entry_without_the_payload(door: Door):
    """FAULTS 1 to 20: a log entry for each."""
    body = b'{"card": "4111111111111111"'
    door.deliver("noted", body, secret="whsec_wrong")
    door.deliver("noted", body)
    door.post("noted", body, {"content-type": "text/plain"})
    door.deliver("noted", body + b" " * MEGABYTE)
    details = door.log("noted", "delivery.refused")
    assert [detail[:3] for detail in details] == ["401", "400", "415", "413"]
    assert "no signature matches" in details[0]
    assert not any("4111" in detail for detail in details)


def test_flood_of_refusals_does_not_flood_the_log(door: Door):
    for _time in range(300):
        door.post("rotated", b"{}", {"x-demo-signature": "t=1,v1=00"})
    assert len(door.log("rotated", "delivery.refused")) <= 200


# -- strangers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "nobody",
        "%00",
        "a%00b",
        "%ff%fe",
        "a%2fb",
        "%f0%9f%92%b6",
        "x" * 5000,
        "..",
        "DEMO",
        "'",
    ],
)
def test_unknown_system_is_404(door: Door, code):
    assert door.post(code, order()).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_other_methods_are_refused(door: Door, method):
    data = f"{method} /finance/webhook/demo HTTP/1.0\r\nhost: x\r\n\r\n".encode()
    assert door.send(data).status in (404, 405, 415, 501)


def without_host(method: str, headers=(), body: bytes = b"") -> bytes:
    """A request as HTTP/1.0 allows it."""
    lines = [f"{method} /finance/webhook/demo HTTP/1.0"]
    lines += [f"{name}: {value}" for name, value in dict(headers).items()]
    lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_delivery_without_a_host_is_taken(door: Door):
    """The first requests of a fresh worker, too."""
    door.kill_workers()
    for _time in range(10):
        body = order(identity := new_id())
        answer = door.send(without_host("POST", door.sign("demo", body), body))
        assert answer.status == 202
        assert len(door.messages("demo", identity)) == 1


def test_stranger_without_a_host_gets_no_5xx(door: Door):
    assert door.send(without_host("POST", body=order())).status == 401
    assert door.send(without_host("GET")).status == 405
    bare = b"POST /finance/webhook/nobody HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
    assert door.send(bare).status == 404


@pytest.mark.parametrize(
    "extra",
    [
        {"cookie": "session_id=" + "a" * 84},
        {"cookie": "session_id=../../etc/passwd; frontend_lang=xx_XX"},
        {"authorization": "bearer nothing"},
        {"accept-language": "\xff\xff"},
        {"origin": "https://evil.example", "referer": "https://evil.example"},
        {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"},
        {"expect": "200-ok"},
        {"host": "evil.example:99999"},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_other_headers_change_nothing(door: Door, extra):
    body = order()
    headers = door.sign("demo", body) | extra
    assert door.post("demo", body, headers).status == 202


@pytest.mark.parametrize(
    "query",
    [
        "debug=1",
        "debug=assets",
        "db=nothing",
        "session_id=x",
        "redirect=//x",
        "%ff=%00",
        "code=other",
    ],
)
def test_query_changes_nothing(door: Door, query):
    body = order(identity := new_id())
    path = f"/finance/webhook/demo?{query}"
    assert door.post("demo", body, door.sign("demo", body), path=path).status == 202
    assert len(door.messages("demo", identity)) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
bodies = st.binary(max_size=400) | json_values.map(
    lambda value: json.dumps(value, allow_nan=True).encode("utf-8", "surrogatepass")
)
header_bytes = st.binary(max_size=60).filter(
    lambda value: not set(value) & set(b"\r\n\x00")
)
header_names = st.sampled_from(
    [
        "x-demo-signature",
        "stripe-signature",
        "content-type",
        "content-encoding",
        "content-length",
        "transfer-encoding",
        "cookie",
        "accept",
        "host",
        "x-anything",
    ]
)


@fuzzing
@given(body=bodies, headers=st.lists(st.tuples(header_names, header_bytes), max_size=4))
def test_bytes_of_a_stranger_are_never_answered_with_5xx(door: Door, body, headers):
    """FAULTS 1 to 20."""
    try:
        answer = door.post("demo", body, headers)
    except (RemoteDisconnected, ConnectionResetError):
        return  # no HTTP: the server hung up
    assert answer.status in (400, 401, 413, 415, 417, 501)


@fuzzing
@given(body=bodies, code=st.sampled_from(["demo", "stripe"]))
def test_any_authentic_bytes_are_accepted_or_malformed(door: Door, body, code):
    """FAULTS 15 to 19."""
    assert door.deliver(code, body).status in (202, 400, 409)


@fuzzing
@given(value=header_bytes, code=st.sampled_from(["demo", "stripe"]))
def test_no_signature_can_be_guessed(door: Door, value, code):
    """FAULTS 11."""
    body = order()
    header = scheme(code).header
    assert door.post(code, body, {header: value}).status == 401


# -- durable --------------------------------------------------------------------------


def test_what_was_accepted_survives_kill_9_of_the_worker(door: Door):
    """FAULTS 26, promise 1: the row is there however soon the worker dies."""
    for _time in range(3):
        identities = [new_id() for _ in range(5)]
        for identity in identities:
            assert door.deliver("demo", order(identity)).status == 202
        door.kill_workers()
        for identity in identities:
            assert len(door.messages("demo", identity)) == 1


def test_worker_killed_before_the_commit_promises_nothing(door: Door):
    """FAULTS 26: no answer, no row; the sender comes again and is accepted."""
    body = order(identity := new_id())
    with closing(door.database()) as lock, ThreadPoolExecutor(1) as pool:
        lock.autocommit = False
        with lock.cursor() as cursor:
            cursor.execute("LOCK TABLE finance_message IN ACCESS EXCLUSIVE MODE")
        unanswered = pool.submit(door.deliver, "demo", body)
        time.sleep(1)
        assert not unanswered.done()
        for pid in door.workers():
            os.kill(pid, signal.SIGKILL)
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            unanswered.result()
        lock.rollback()
    eventually(door.answers)
    assert not door.messages("demo", identity)
    assert door.deliver("demo", body).told["status"] == "accepted"


def slow_upload(door: Door):
    """A connection whose body does not come."""
    head = "POST /finance/webhook/demo HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n"
    connection = door.connect()
    connection.sendall(f"{head}content-type: application/json\r\n\r\n[".encode())
    return connection


def test_slow_uploads_do_not_keep_others_out(door: Door):
    """FAULTS 25: as many slow senders as there are workers; who is told to come
    again does, and is heard."""
    slow = [slow_upload(door) for _worker in range(3)]
    eventually(lambda: door.deliver("demo", order()).status == 202, 15)
    for connection in slow:
        connection.close()


def test_bodies_that_drip_leave_workers_for_people(door: Door):
    """FAULTS 25: three times as many senders as there are workers, a byte at a time;
    whoever opens a page does not wait for them."""
    dripping = [slow_upload(door) for _sender in range(9)]
    ended = threading.Event()

    def drip():
        while not ended.wait(0.2):
            for connection in dripping:
                with suppress(OSError):  # turned away
                    connection.sendall(b" ")

    page_url = f"http://127.0.0.1:{door.port}/web/health"
    dropper = threading.Thread(target=drip)
    dropper.start()
    try:
        for _page in range(10):
            start = time.monotonic()
            with urlopen(page_url, timeout=30) as page:
                assert page.status == 200
            assert time.monotonic() - start < 3
        eventually(lambda: door.deliver("demo", order()).status == 202, 15)
    finally:
        ended.set()
        dropper.join()
        for connection in dripping:
            connection.close()


def limited(door: Door, code: str, **limits):
    """Set the limits of a system as a form would, for all workers."""
    names = ", ".join(f"{name} = {int(value)}" for name, value in limits.items())
    with closing(door.database()) as connection, connection.cursor() as cursor:
        cursor.execute(f"UPDATE finance_system SET {names} WHERE code = %s", (code,))
        # what Odoo's own caches watch
        cursor.execute("INSERT INTO orm_signaling_default DEFAULT VALUES")


def test_door_is_shut_while_too_much_waits_and_opens_by_itself(door: Door):
    """FAULTS 31: 503 with Retry-After for one system; the others keep flowing."""
    assert door.deliver("rotating", order()).status == 202
    limited(door, "rotating", max_waiting=1)
    eventually(lambda: door.deliver("rotating", order()).status == 503)
    time.sleep(1.5)  # what each worker remembers is a second old at most
    count = door.count("rotating")
    for _time in range(100):
        answer = door.deliver("rotating", order())
        assert (answer.status, int(answer.headers["retry-after"]) > 0) == (503, True)
    assert door.count("rotating") == count
    assert door.deliver("demo", order()).status == 202
    noted = door.log("rotating", "delivery.refused")
    assert 0 < sum(detail.startswith("503") for detail in noted) <= 30
    with closing(door.database()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE finance_message SET state = 'processed' WHERE system_id = %s",
            (door.systems["rotating"]["id"],),
        )
    eventually(lambda: door.deliver("rotating", order()).status == 202, 5)
    limited(door, "rotating", max_waiting=0)


def test_without_its_key_the_door_is_closed_and_opens_again(door: Door):
    """FAULTS 5, promise 8: no key, no acceptance; the sender is told to come again."""
    key = KEY_FILE.read_bytes()
    body = order(identity := new_id())
    try:
        KEY_FILE.unlink()
        answer = door.deliver("demo", body)
        assert (answer.status, int(answer.headers["retry-after"]) > 0) == (503, True)
        KEY_FILE.write_bytes(b"not a key")
        assert door.deliver("demo", body).status == 503
    finally:
        KEY_FILE.write_bytes(key)
    assert not door.messages("demo", identity)
    assert door.deliver("demo", body).status == 202
