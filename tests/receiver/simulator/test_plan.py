"""What is planned: repeatable, distinct, and answered as the plan says by the sources themselves."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from receiver.accounts import Account
from receiver.envelope import Envelope, StoredEnvelope
from receiver.errors import CallbackRejected
from receiver.settings import demo_accounts
from receiver.simulator.faults import Faults
from receiver.simulator.plan import plan
from receiver.simulator.planned import PlanError, Planned
from receiver.sources import SOURCES
from receiver.sources.base import Source
from receiver.sources.form import stored_message
from receiver.sources.moments import moment
from receiver.sources.pandapon.signing import DOCUMENTED_BASES
from receiver.sources.samples import samples

ACCOUNTS = {account.name: (account, SOURCES[account.source]) for account in demo_accounts()}
ALL = tuple(ACCOUNTS.values())
EVERYTHING = Faults(duplicate=0.3, reorder=0.3, late=0.2, forge=0.2, corrupt=0.2)

each_source = pytest.mark.parametrize("name", SOURCES)


def opened(post: Planned, accounts: dict[str, tuple[Account, Source]] = ACCOUNTS) -> Envelope | int:
    """As the endpoint does it: the envelope, or the status of the refusal."""
    account, source = accounts[post.account]
    assert not source.unsigned(post.callback)
    try:
        return source.open_callback(post.callback, account)
    except CallbackRejected as refusal:
        return refusal.status


def envelope(post: Planned) -> Envelope:
    found = opened(post)
    assert isinstance(found, Envelope)
    return found


def stored(post: Planned) -> StoredEnvelope:
    found = envelope(post)
    return StoredEnvelope(
        id="1",
        account=found.account,
        source=found.source,
        platform=found.platform,
        topic=found.topic,
        order_id=None,
        refund_id=None,
        state="stored",
        ambiguous=False,
        redeliveries=0,
        received_at=datetime.now(UTC),
        error=None,
        payload=found.payload,
    )


def test_equal_seeds_make_equal_bytes() -> None:
    one, other = (list(plan(ALL, count=200, faults=EVERYTHING, seed=5)) for _ in range(2))
    assert one == other


def test_another_seed_makes_other_bytes_and_other_orders() -> None:
    one, other = (list(plan(ALL, count=200, seed=seed)) for seed in (5, 6))
    assert {post.callback.body for post in one}.isdisjoint(post.callback.body for post in other)
    assert {post.order_id for post in one if post.order_id}.isdisjoint(post.order_id for post in other)


def test_the_time_changes_nothing_but_times() -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    seeded, timed = (list(plan(ALL, count=200, faults=EVERYTHING, seed=5, now=time)) for time in (None, now))
    assert [(post.kind, post.topic, post.lane) for post in seeded] == [
        (post.kind, post.topic, post.lane) for post in timed
    ]


@each_source
def test_times_are_near_now(name: str) -> None:
    account, source = ACCOUNTS[name]
    now = datetime(2026, 7, 1, 12, tzinfo=UTC)
    for post in plan([(account, source)], count=50, seed=1, now=now):
        occurred = [event.occurred_at for event in source.decode(stored(post))]
        assert all(abs(time - now) < timedelta(minutes=1) for time in occurred if time)
        raw = post.callback.body
        message = orjson.loads(stored_message(raw) if raw.startswith(b"message=") else raw)
        pushed = moment(message.get("timestamp", message.get("gmtBorn")))
        assert pushed is not None
        assert abs(pushed - now) < timedelta(minutes=1)


@each_source
@pytest.mark.parametrize("seed", range(5))
def test_a_count_is_exactly_so_many_distinct_genuine_callbacks(name: str, seed: int) -> None:
    posts = [post for post in plan([ACCOUNTS[name]], count=301, faults=EVERYTHING, seed=seed) if post.kind == "genuine"]
    assert len(posts) == 301
    assert len({envelope(post).identity.key for post in posts}) == 301


@each_source
def test_all_samples_once_are_distinct_too(name: str) -> None:
    posts = list(plan([ACCOUNTS[name]], seed=1))
    assert len(posts) == len(samples(name))
    assert len({envelope(post).identity.key for post in posts}) == len(posts)


@each_source
def test_the_receiver_reads_what_the_plan_says(name: str) -> None:
    for post in (*plan([ACCOUNTS[name]], seed=1), *plan([ACCOUNTS[name]], count=300, seed=1)):
        found = envelope(post)
        assert found.topic == post.topic
        assert found.order_ids == ((post.order_id,) if post.order_id else ())
        assert set(found.refund_ids) <= {post.refund_id}


@each_source
def test_every_planned_message_can_be_decoded(name: str) -> None:
    for post in (*plan([ACCOUNTS[name]], seed=1), *plan([ACCOUNTS[name]], count=300, seed=1)):
        (event,) = ACCOUNTS[name][1].decode(stored(post))
        assert event.type != "unrecognized"


@each_source
@pytest.mark.parametrize("seed", range(5))
def test_every_answer_expected_is_that_of_the_source(name: str, seed: int) -> None:
    kinds = Counter[str]()
    for post in plan([ACCOUNTS[name]], count=200, faults=EVERYTHING, seed=seed):
        answer = opened(post)
        assert (200 if isinstance(answer, Envelope) else answer) == post.expected
        assert (post.expected == 401) == (post.kind in {"forged", "corrupt"})
        kinds[post.kind] += 1
    assert kinds.keys() == {"genuine", "duplicate", "late", "forged", "corrupt"}


@pytest.mark.parametrize("base", DOCUMENTED_BASES)
def test_the_answers_hold_for_every_signature_base(base: str) -> None:
    account = Account(name="pandapon", source="pandapon", access_key="k", secrets=("s",), signature_base=(base,))
    own = {"pandapon": (account, SOURCES["pandapon"])}
    for options in ({"count": 100}, {"stories": ["ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY"]}):
        posts = list(plan([own["pandapon"]], faults=EVERYTHING, seed=1, **options))
        assert posts
        for post in posts:
            assert isinstance(opened(post, own), Envelope) == (post.expected == 200)


@each_source
def test_copies_repeat_an_earlier_callback(name: str) -> None:
    seen = set[bytes]()
    bytes_seen = set[bytes]()
    retimed = 0
    for post in plan([ACCOUNTS[name]], count=300, faults=Faults(duplicate=0.5, late=0.3), seed=2):
        key = envelope(post).identity.key
        assert (key in seen) == (post.kind in {"duplicate", "late"})
        retimed += post.kind != "genuine" and post.callback.body not in bytes_seen
        seen.add(key)
        bytes_seen.add(post.callback.body)
    assert (retimed > 0) == (name != "alibaba1688"), "its message id would tell anyway"


@each_source
def test_a_copy_pushed_anew_comes_before_any_other_word_on_its_order(name: str) -> None:
    last = dict[str, bytes]()
    bytes_seen = set[bytes]()
    for post in plan([ACCOUNTS[name]], count=300, faults=Faults(duplicate=1, late=0.3, reorder=0.5), seed=2):
        key = envelope(post).identity.key
        if post.kind == "duplicate" and post.callback.body not in bytes_seen:
            assert last[post.lane] == key
        last[post.lane] = key
        bytes_seen.add(post.callback.body)


def test_late_copies_come_after_everything_else() -> None:
    kinds = [post.kind for post in plan(ALL, count=100, faults=EVERYTHING, seed=1)]
    assert set(kinds[kinds.index("late") :]) == {"late"}


def test_no_fake_says_what_a_genuine_callback_says() -> None:
    posts = list(plan(ALL, count=200, faults=EVERYTHING, seed=1))
    lanes = {
        kind: {post.lane for post in posts if (post.kind in {"forged", "corrupt"}) == kind} for kind in (True, False)
    }
    assert lanes[True]
    assert lanes[True].isdisjoint(lanes[False])


def test_certain_faults_befall_every_callback() -> None:
    faults = Faults(duplicate=1, reorder=1, late=1, forge=1, corrupt=1)
    kinds = Counter(post.kind for post in plan(ALL, count=50, faults=faults, seed=1))
    assert set(kinds.values()) == {50}
    assert len(kinds) == 5


def test_without_faults_an_order_lives_in_its_order_and_with_reordering_not() -> None:
    account = ACCOUNTS["alibaba1688"]
    for faults, in_order in ((Faults(), True), (Faults(reorder=1), False)):
        steps = defaultdict[str, list[datetime]](list)
        for post in plan([account], count=300, faults=faults, seed=1):
            (event,) = account[1].decode(stored(post))
            assert event.occurred_at
            steps[post.lane].append(event.occurred_at)
        assert len(steps) > 20
        assert all(times == sorted(times) for times in steps.values() if len(times) > 1) == in_order


def test_a_count_is_divided_over_the_accounts() -> None:
    assert sorted(Counter(post.account for post in plan(ALL, count=10, seed=1)).values()) == [2, 2, 3, 3]
    assert Counter(post.account for post in plan(ALL, count=1, seed=1)) == {"pandapon": 1}


def test_accounts_take_turns() -> None:
    assert [post.account for post in plan(ALL, count=8, seed=1)] == [*ACCOUNTS, *ACCOUNTS]


def test_stories_are_told_in_their_order_about_one_order() -> None:
    posts = list(plan(ALL, stories=["ORDER_CREATE", "ORDER_PAY_SUCCESS"], seed=1))
    assert [(post.account, post.topic) for post in posts] == [
        ("pandapon", "ORDER_CREATE"),
        ("pandapon", "ORDER_PAY_SUCCESS"),
    ]
    assert len({post.order_id for post in posts}) == 1


def test_a_story_told_twice_is_about_two_orders() -> None:
    posts = list(plan(ALL, stories=["ORDER_CREATE", "ORDER_CREATE"], seed=1))
    assert len({post.order_id for post in posts}) == 2


def test_a_topic_stands_for_its_variants_and_for_every_source_that_has_it() -> None:
    assert {post.account for post in plan(ALL, stories=["3"], seed=1)} == {"taobao_global", "dajisaas"}
    posts = plan(ALL, stories=["ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY"], seed=1)
    assert Counter(post.account for post in posts) == {"pandapon": 5, "alibaba1688": 1}


def test_an_unknown_story_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(PlanError, match=r"unknown story NONSENSE; expected one of .*ORDER_CREATE"):
        plan(ALL, stories=["ORDER_CREATE", "NONSENSE"], seed=1)


def test_what_cannot_be_planned_is_refused_at_once() -> None:
    account, source = ACCOUNTS["pandapon"]
    bare = Account(name="bare", source="pandapon", access_key="k", secrets=())
    with pytest.raises(PlanError, match="account bare has no secret"):
        plan([(bare, source)], seed=1)
    with pytest.raises(PlanError, match="a count of at least 1"):
        plan([(account, source)], count=0, seed=1)
    with pytest.raises(PlanError, match="stories, or a count"):
        plan([(account, source)], stories=["ORDER_CREATE"], count=3, seed=1)
    with pytest.raises(PlanError, match="no account"):
        plan([], seed=1)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(probability: float) -> None:
    with pytest.raises(PlanError, match="late: expected a probability"):
        Faults(late=probability)
