"""What became of talks: leads, appointments, sales and kinds of one's own, with their value, and what led to them.

A row never changes: the same external id answers the same, and a refund or a correction is a row that names the first.
Values are whole minor units of their currency; another currency is reached by a rate somebody set for that day, and
without one nothing is guessed. Every conversion keeps the touches that came before it, and which of them it is put
down to.
"""

from anclora.conversions.attribution import Touch, attributed
from anclora.conversions.click import click
from anclora.conversions.correct import correct
from anclora.conversions.figures import Figures, figures
from anclora.conversions.imports import Imported, import_rows
from anclora.conversions.model import Conversion, Correction, Desk, Refund, Wish
from anclora.conversions.read import find, show
from anclora.conversions.record import Recorded, record
from anclora.conversions.refund import refund
from anclora.conversions.shorten import shorten

__all__ = [
    "Conversion",
    "Correction",
    "Desk",
    "Figures",
    "Imported",
    "Recorded",
    "Refund",
    "Touch",
    "Wish",
    "attributed",
    "click",
    "correct",
    "figures",
    "find",
    "import_rows",
    "record",
    "refund",
    "shorten",
    "show",
]
