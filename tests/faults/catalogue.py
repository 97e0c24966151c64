"""The 36 faults a dispatcher of messages must survive, and where each is run.

`real`: the fault itself, on real servers and processes. `stand-in`: the same effect, made another way. `later`: needs a
part of the product that is not there yet. Rows 5, 15, 20 and 21 are judged by our own protocol, which asks more: a full
Redis closes no door, an ambiguous send is proved before it is repeated, no kill doubles a message, and a worker that
was stopped past its lease is fenced before it sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

How = Literal["real", "stand-in", "later"]


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes:
        tests: `file::function` below `tests/`, for `later` none.
        why: what is played instead, or what is missing.
    """

    fault: str
    how: How
    tests: Sequence[str] = ()
    why: str = ""


_POSTGRES = (
    "faults/test_killed_behind_http.py::test_without_postgres_the_answer_is_503_and_a_repeated_request_is_one_message"
)
_ERRORS = "faults/test_provider_errors.py::test_bursts_of_5xx_429_and_garbage_lose_and_double_nothing"
_MEMORY = "faults/test_redis_memory.py::test_a_redis_that_lost_its_memory_costs_no_message"
ROWS: Mapping[int, Row] = {
    1: Row(
        "Redis killed and started again",
        "real",
        [
            "faults/test_killed_servers.py::test_redis_killed_in_the_middle",
            "faults/test_killed_behind_http.py::test_without_redis_messages_are_accepted_and_dispatch_resumes_by_itself",
        ],
    ),
    2: Row("Redis lost everything", "real", [_MEMORY]),
    3: Row("Redis rolled back to an old copy", "real", [_MEMORY]),
    4: Row("Redis frozen", "real", ["faults/test_frozen_redis.py::test_a_frozen_redis_stops_no_door"]),
    5: Row("Redis full", "real", ["faults/test_frozen_redis.py::test_a_full_redis_loses_nothing"]),
    6: Row("a failover loses acknowledged writes", "stand-in", [_MEMORY], "the one server loses them; no replica"),
    7: Row(
        "append-only file torn or corrupted",
        "real",
        ["faults/test_broken_append_file.py::test_a_damaged_append_only_file_costs_no_message"],
    ),
    8: Row(
        "Postgres killed while committing",
        "real",
        [_POSTGRES],
    ),
    9: Row("Postgres down", "real", ["faults/test_killed_servers.py::test_postgres_killed_in_the_middle"]),
    10: Row(
        "the pool exhausted",
        "real",
        ["integration/test_storage_database.py::test_no_free_connection_in_time_is_said_so"],
    ),
    11: Row(
        "deadlock",
        "stand-in",
        ["integration/test_messages_idempotency.py::test_two_processes_with_one_key_are_one_message"],
        "two processes take the same keys in one order; a deadlock cannot be made from outside",
    ),
    12: Row(
        "point-in-time recovery",
        "real",
        [
            "faults/test_backups_instant.py::test_the_instant_before_a_mass_delete_comes_back_and_nothing_else_is_touched"
        ],
    ),
    13: Row(
        "the provider answers 5xx in bursts",
        "real",
        [_ERRORS, "journeys/test_demo.py::test_a_killed_worker_loses_and_doubles_nothing"],
    ),
    14: Row(
        "the provider is slow",
        "real",
        [
            "faults/test_slow_provider.py::test_a_number_that_hangs_leaves_the_hands_to_the_others",
            "property/test_queue_limits.py::test_a_slow_lane_holds_no_more_than_its_share_of_hands",
        ],
    ),
    15: Row("accepted, then reset", "real", ["integration/test_messages_resolve_http.py::*"]),
    16: Row("200 with garbage", "real", [_ERRORS, "contract/test_evolution_failures.py::*"]),
    17: Row("429 with Retry-After", "real", [_ERRORS, "integration/test_messages_refusals_http.py::*"]),
    18: Row(
        "open but closed",
        "real",
        ["faults/test_closed_number.py::test_a_number_that_says_connection_closed_burns_no_message"],
    ),
    19: Row(
        "connection flapping",
        "real",
        ["integration/test_numbers_watched.py::test_flaps_are_counted_and_told_as_one_event"],
    ),
    20: Row(
        "a worker killed at the named moments",
        "real",
        ["faults/test_kills_at_failpoints.py::test_workers_killed_at_every_moment_lose_nothing_and_double_nothing"],
    ),
    21: Row(
        "a worker stopped past its lease",
        "real",
        ["faults/test_stopped_worker.py::test_a_worker_stopped_past_its_lease_sends_nothing_twice"],
    ),
    22: Row(
        "rolling restart",
        "real",
        ["faults/test_rolling_restart.py::test_replacing_every_dispatcher_loses_and_doubles_nothing"],
    ),
    23: Row(
        "two versions together",
        "real",
        [
            "faults/test_two_versions.py::test_the_release_before_and_this_one_side_by_side_fail_no_request_and_lose_nothing"
        ],
    ),
    24: Row(
        "a bad release",
        "stand-in",
        [
            "integration/test_deploy.py::test_a_release_that_fails_a_fifth_of_its_requests_is_judged_bad_and_taken_back",
            "integration/test_deploy.py::test_a_good_release_is_good_and_stays",
            "unit/test_deploy_judge.py::*",
        ],
        "tasks are processes that fail for real; what rolls them out and back is an ECS of ours",
    ),
    25: Row("duplicate webhooks", "real", ["integration/test_inbound_receive.py::*"]),
    26: Row("webhooks out of order", "real", ["journeys/test_receipt_race.py::*"]),
    27: Row(
        "webhook flood",
        "real",
        [
            "faults/test_webhook_flood.py::test_a_flood_of_webhooks_is_stored_or_shed_and_applied",
            "integration/test_inbound_door.py::*",
        ],
    ),
    28: Row(
        "down for longer than the provider retries",
        "stand-in",
        [
            "integration/test_inbound_gaps.py::test_down_for_half_an_hour_while_two_thousand_statuses_happen",
            "integration/test_messages_stall.py::test_the_look_up_brings_the_word_that_was_lost",
        ],
        "the events are lost, the look-up brings them; the half hour is simulated",
    ),
    29: Row("forged and malformed webhooks", "real", ["integration/test_inbound_door.py::*"]),
    30: Row("a poisoned message", "real", ["integration/test_inbound_receive.py::*"]),
    31: Row(
        "thundering herd after an outage",
        "real",
        [
            "faults/test_provider_down.py::test_a_provider_that_comes_back_is_not_run_over",
            "property/test_queue_limits.py::test_a_lane_that_starts_again_opens_as_it_goes_well",
        ],
    ),
    32: Row(
        "clock skew",
        "real",
        [
            "faults/test_wrong_clock.py::test_a_dispatcher_and_a_mender_with_a_wrong_clock_lose_and_double_nothing",
            "faults/test_wrong_clock.py::test_a_door_with_a_wrong_clock_is_not_ready",
        ],
    ),
    33: Row("disk full", "real", ["faults/test_full_disk.py::test_a_full_disk_loses_nothing_that_was_accepted"]),
    34: Row(
        "network partition",
        "real",
        [
            "faults/test_partition.py::test_a_dispatcher_cut_off_from_the_ledger_sends_nothing_its_successor_sends",
            "faults/test_partition.py::test_a_dispatcher_cut_off_from_the_lanes_resumes_by_itself",
        ],
    ),
    35: Row(
        "alert channels down",
        "stand-in",
        [
            "integration/test_notify_second_paths.py::test_with_slack_down_or_asking_to_wait_a_page_takes_the_second_path",
            "faults/test_alarm.py::test_a_dead_dispatcher_wakes_people_on_time_and_its_return_ends_it",
        ],
        "the vendors are servers of ours that refuse what theirs do",
    ),
    36: Row(
        "event loop blocked, memory leak",
        "stand-in",
        [
            "faults/test_blocked_loop.py::test_a_blocked_process_is_ended_with_its_stacks_and_started_again",
            "faults/test_blocked_loop.py::test_a_short_block_is_lag_and_nothing_more",
            "faults/test_kills_at_failpoints.py::test_workers_killed_at_every_moment_lose_nothing_and_double_nothing",
            "faults/test_health.py::test_every_check_fails_when_its_part_does_and_the_processes_live",
        ],
        "the loop is blocked for real; a leak ends by SIGKILL, and what is told before is read from files of ours",
    ),
}
