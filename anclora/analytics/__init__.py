"""Analytics: the questions people ask of the figures, answered from the tallies: one statement, whatever the traffic.

This room only reads. What happened counts in the moment it happened, days and hours are those of the business zone, and
every answer has the period before beside it. `verify` says whether a figure is what the rows say.
"""

from anclora.analytics.export import as_csv
from anclora.analytics.latency import Latencies, latencies
from anclora.analytics.model import Ask, Question, QuestionAnswer, QuestionLine
from anclora.analytics.overview import (
    ConversationCounts,
    ConversionCounts,
    FiguresOf,
    MessageCounts,
    Overview,
    overview,
)
from anclora.analytics.period import Period, period_of
from anclora.analytics.questions import ask
from anclora.analytics.verify import mend, verify

__all__ = [
    "Ask",
    "ConversationCounts",
    "ConversionCounts",
    "FiguresOf",
    "Latencies",
    "MessageCounts",
    "Overview",
    "Period",
    "Question",
    "QuestionAnswer",
    "QuestionLine",
    "as_csv",
    "ask",
    "latencies",
    "mend",
    "overview",
    "period_of",
    "verify",
]
