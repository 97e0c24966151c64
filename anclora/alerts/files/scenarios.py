"""The tests of the rules, in promtool's format: each alert fires in one story and is quiet in another. Pure."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from anclora.alerts.files.prometheus import annotations, rules, twin_annotations, twin_labels
from anclora.alerts.links import Links
from anclora.alerts.model import Alert, Blind, Calm, Catalogue, Scenario, Twin, seconds_of

_BLIND_AT = "20m"
_METRIC = re.compile(r"\b(?:anclora|redis|pg|node|alertmanager|process)_\w+|\bup\b")


def tests(catalogue: Catalogue, blind: Blind, links: Links) -> Mapping[str, Any]:
    """The document of `anclora-rules.test.yml`."""
    stories = [story for alert in catalogue.alerts for story in _stories(alert, links)]
    told = [_together(group) for group in _groups(stories, _recorded(catalogue))]
    told += [_calm(calm, catalogue, links) for calm in catalogue.calms]
    return {
        "rule_files": ["anclora-rules.yml"],
        "evaluation_interval": "1m",
        # Without it promtool takes the groups in any order, and an alert reads what was recorded a minute before.
        "group_eval_order": [group["name"] for group in rules(catalogue, blind, links)["groups"]],
        "tests": [*told, *_blind(catalogue, blind, links)],
    }


class _Story(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario of one alert, and what must have fired at its end."""

    alert: Alert
    scenario: Scenario
    fired: list[dict[str, Any]]


def _recorded(catalogue: Catalogue) -> Mapping[str, str]:
    """What the recording rules read, by what they write; of a ratio the beginning of its names."""
    found = {record.record: record.expr for part in catalogue.parts.values() for record in part.record}
    return found | {ratio.record: ratio.expr for part in catalogue.parts.values() for ratio in part.ratio}


def _names(story: _Story, recorded: Mapping[str, str]) -> set[str]:
    """The metrics a story is about: those it tells, and those its alert reads."""
    text = story.alert.expr + " ".join(expr for name, expr in recorded.items() if name in story.alert.expr)
    return set(_METRIC.findall(text)) | {series.partition("{")[0] for series, _ in story.scenario.series}


def _groups(stories: list[_Story], recorded: Mapping[str, str]) -> list[list[_Story]]:
    """Stories that have no metric in common are told at once: promtool evaluates every rule for each test it runs."""
    groups: list[tuple[set[str], list[_Story]]] = []
    for story in sorted(stories, key=lambda each: seconds_of(each.scenario.at)):
        names = _names(story, recorded)
        group = next((group for group in groups if not group[0] & names), None)
        if group is None:
            group = (set[str](), [])
            groups.append(group)
        group[0].update(names)
        group[1].append(story)
    return [told for _, told in groups]


def _together(stories: list[_Story]) -> dict[str, Any]:
    words = [f"{each.alert.name} {'fires' if each.fired else 'is quiet'}: {each.scenario.says}" for each in stories]
    return {
        "name": "\n".join(words),
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for s in stories for series, values in s.scenario.series],
        "alert_rule_test": [
            {"eval_time": each.scenario.at, "alertname": each.alert.name, "exp_alerts": each.fired} for each in stories
        ],
    }


def _stories(alert: Alert, links: Links) -> list[_Story]:
    fired = [{"exp_labels": _labels(alert, alert.fires), "exp_annotations": _told(alert, alert.fires, links)}]
    stories = [_Story(alert=alert, scenario=alert.fires, fired=fired)]
    if alert.quiet:
        stories.append(_Story(alert=alert, scenario=alert.quiet, fired=[]))
    return stories


def _labels(alert: Alert, scenario: Scenario) -> dict[str, str]:
    return {**scenario.labels, **alert.labels}


def _told(alert: Alert, scenario: Scenario, links: Links) -> dict[str, str]:
    return annotations(alert, links) | {"summary": scenario.summary or alert.summary}


def _calm(calm: Calm, catalogue: Catalogue, links: Links) -> dict[str, Any]:
    by_name = {alert.name: alert for alert in catalogue.alerts}
    checks = [
        {
            "eval_time": at,
            "alertname": name,
            "exp_alerts": [{"exp_labels": by_name[name].labels, "exp_annotations": annotations(by_name[name], links)}]
            if name in calm.fires
            else [],
        }
        for at in calm.at
        for name in (*calm.fires, *calm.watched)
    ]
    series = [{"series": each, "values": values} for each, values in calm.series]
    return {"name": calm.says, "interval": "1m", "input_series": series, "alert_rule_test": checks}


def _blind(catalogue: Catalogue, blind: Blind, links: Links) -> list[dict[str, Any]]:
    there = [{"series": _series(twin), "values": "1+0x30"} for twin in catalogue.twins]
    fired = [
        {"exp_labels": twin.labels | twin_labels(twin, blind), "exp_annotations": twin_annotations(twin, blind, links)}
        for twin in catalogue.twins
    ]
    check = {"eval_time": _BLIND_AT, "alertname": blind.name}
    return [
        {
            "name": f"{blind.name} fires once for each series that is gone",
            "interval": "1m",
            "input_series": [{"series": "unrelated", "values": "1+0x30"}],
            "alert_rule_test": [check | {"exp_alerts": fired}],
        },
        {
            "name": f"{blind.name} is quiet: every series is there",
            "interval": "1m",
            "input_series": there,
            "alert_rule_test": [check | {"exp_alerts": []}],
        },
    ]


def _series(twin: Twin) -> str:
    """A series that the selector finds; a pattern such as `anclora.*` finds itself without its tail."""
    return twin.series.replace('=~"', '="').replace(".*", "")
