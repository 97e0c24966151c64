"""The safe actions, by name. Where none is safe there is none: a person reads the runbook."""

from collections.abc import Mapping

from anclora.playbook.actions.contract import Action
from anclora.playbook.actions.mend import MendNumbers
from anclora.playbook.actions.requeue import RequeueDead

ACTIONS: Mapping[str, Action] = {"mend_numbers": MendNumbers(), "requeue_dead": RequeueDead()}

__all__ = ["ACTIONS", "Action"]
