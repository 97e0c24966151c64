"""The security audit: known holes in what is installed, code, secrets, configuration, age of keys; signed and compared.

What could not be looked at is never green: a tool that is absent, skipped a package or answered nonsense makes the
audit red, as a finding does. Nothing here mends anything, and no secret that was found is ever shown or stored.
"""

from anclora.security.audit import Place, audit, scan
from anclora.security.model import Check, Finding, Report, Status
from anclora.security.reports import compare, keep, last, verify

__all__ = ["Check", "Finding", "Place", "Report", "Status", "audit", "compare", "keep", "last", "scan", "verify"]
