"""PagerDuty by its Events API v2: one alarm for each incident, opened, acknowledged and resolved by one `dedup_key`.

What is known of PagerDuty stands here and nowhere else. Source: developer.pagerduty.com, Events API v2 (documented
only: no account of PagerDuty was asked).
"""

from anclora.notify.pagerduty.events import KEY_CHARS, PagerDuty

__all__ = ["KEY_CHARS", "PagerDuty"]
