"""The words of a run around what the book says, Spanish and English. Pure."""

from collections.abc import Mapping

from anclora.playbook.model import Comparison, Verdict
from anclora.reports import Lang

VERDICTS: Mapping[Lang, Mapping[Verdict, str]] = {
    "en": {
        Verdict.OK: "ok",
        Verdict.FINDING: "FINDING",
        Verdict.UNKNOWN: "UNKNOWN",
        Verdict.NOT_CONFIGURED: "not set up",
    },
    "es": {
        Verdict.OK: "bien",
        Verdict.FINDING: "HALLAZGO",
        Verdict.UNKNOWN: "NO SE SABE",
        Verdict.NOT_CONFIGURED: "sin ajustar",
    },
}
COUNTED: Mapping[Lang, Mapping[Verdict, tuple[str, str]]] = {
    "en": {
        Verdict.FINDING: ("finding", "findings"),
        Verdict.UNKNOWN: ("unknown", "unknown"),
        Verdict.NOT_CONFIGURED: ("not set up", "not set up"),
        Verdict.OK: ("ok", "ok"),
    },
    "es": {
        Verdict.FINDING: ("hallazgo", "hallazgos"),
        Verdict.UNKNOWN: ("sin saberse", "sin saberse"),
        Verdict.NOT_CONFIGURED: ("sin ajustar", "sin ajustar"),
        Verdict.OK: ("bien", "bien"),
    },
}
EXPECTED: Mapping[Lang, Mapping[Comparison, str]] = {
    "en": {"is": "{}", "below": "below {}", "at_most": "at most {}", "at_least": "at least {}"},
    "es": {"is": "{}", "below": "menos de {}", "at_most": "{} como mucho", "at_least": "{} como poco"},
}
VALUES: Mapping[Lang, Mapping[str, str]] = {
    "en": {"not_posted": "not posted", "not_delivered": "not delivered"},
    "es": {
        "made": "hecho",
        "not_posted": "sin enviar",
        "not_delivered": "sin entregar",
        "healthy": "sana",
        "degraded": "con fallos",
        "unhealthy": "caída",
        "passed": "superado",
        "ready": "listo",
    },
}
"""Words that are measured; those not here are said as they are."""
HEAD: Mapping[Lang, tuple[str, ...]] = {
    "en": ("", "check", "measured", "expected", "usual", "at"),
    "es": ("", "control", "medido", "esperado", "habitual", "hora"),
}
LABELS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "missing": "not configured: {}",
        "runbook": "what to do",
        "evidence": "look",
        "owner": "owner",
        "action": "safe action",
        "question": "asked",
        "took": "took",
        "facts": "evidence",
        "query": "measured by",
    },
    "es": {
        "missing": "sin configurar: {}",
        "runbook": "qué hacer",
        "evidence": "mirar",
        "owner": "de",
        "action": "acción segura",
        "question": "pregunta",
        "took": "duró",
        "facts": "prueba",
        "query": "lo mide",
    },
}
