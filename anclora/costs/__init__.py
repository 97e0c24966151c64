"""What Amazon charged in the last full month, beside the one before: by service, by tag, per 1,000 delivered messages.

Unblended (what was charged) and amortized (what it cost, with reservations spread over their time), never blended: that
averages over accounts and is nobody's bill. Cost Explorer charges for each question, so it is asked once a day.
"""

from anclora.costs.model import Line, Money, Review
from anclora.costs.review import Asks, review

__all__ = ["Asks", "Line", "Money", "Review", "review"]
