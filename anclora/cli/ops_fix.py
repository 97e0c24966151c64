"""Offering the safe action of each finding: what it would do is said first, and nothing is done without a yes."""

import sys

import msgspec
import typer

from anclora.cli.ops_show import show_fixed, show_plan
from anclora.cli.show import console
from anclora.playbook import BOOK, Checklist, Fixed, Plan, Playbook, Run, Verdict
from anclora.playbook.fix import carry_out, plan


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """How it is gone about.

    Attributes:
        dry_run: only say what would be done.
        yes: approved already.
        quiet: nothing is printed, so nobody can be asked.
    """

    dry_run: bool
    yes: bool
    quiet: bool

    def approved(self) -> bool:
        """Whether a person says yes, now or before."""
        return self.yes or (not self.quiet and sys.stdin.isatty() and typer.confirm("Do it?"))


async def offer_all(
    book: Playbook, checklist: Checklist, run: Run, offer: Offer, *, actor: str
) -> tuple[list[Plan], list[Fixed]]:
    """One finding after the other: what would be done about it, and what was."""
    checks = {check.id: check for check in BOOK[checklist].check}
    plans: list[Plan] = []
    done: list[Fixed] = []
    for result in run.results:
        check = checks[result.check]
        if result.verdict is not Verdict.FINDING or not check.action:
            continue
        plans.append(await plan(book, check))
        if not offer.quiet:
            show_plan(plans[-1])
        if offer.dry_run or plans[-1].refused is not None:
            continue
        if not offer.approved():
            console.print("Not approved: nothing was done. Approve it with --yes.")
            continue
        done.append(await carry_out(book, checklist, check, actor=actor))
        if not offer.quiet:
            show_fixed(done[-1])
    return plans, done
