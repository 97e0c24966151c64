"""A server that speaks Evolution API, scripted by a file and held to recordings of a real one.

It plays paired numbers (Baileys) and the passive EVOLUTION channel for text, media and voice notes, and posts the same
webhooks. `script` says what goes wrong, `witness` what really went out. It knows nothing of ledger, lanes or messages.
"""

from anclora.providers.sandbox.script import Script, load_script
from anclora.providers.sandbox.server import Sandbox, run_sandbox, running_sandbox
from anclora.providers.sandbox.witness import Sighting, read_witness

__all__ = ["Sandbox", "Script", "Sighting", "load_script", "read_witness", "run_sandbox", "running_sandbox"]
