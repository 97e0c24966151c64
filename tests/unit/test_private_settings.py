"""The make targets look at nobody's own servers: what names one, or a place people write to, is unset for them."""

import re
from pathlib import Path

from anclora.kit.settings import Settings, env_name

MAKEFILE = Path(__file__).parent.parent.parent / "Makefile"
# Names that lead nowhere by themselves.
HARMLESS = frozenset(
    {"ANCLORA_PUBLIC_URL", "ANCLORA_GRAFANA_URL", "ANCLORA_HOOKS_ALLOW", "ANCLORA_SMTP_USER", "ANCLORA_SMTP_PASSWORD"}
)
# Those that are no settings of ours.
OF_LIBRARIES = frozenset(
    {
        "ANCLORA_ACTOR_ROLE",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "PROMETHEUS_MULTIPROC_DIR",
    }
)


def test_whatever_is_unset_by_default_is_unset_for_the_targets() -> None:
    [private] = re.findall(r"^PRIVATE := (.*?[^\\])\n", MAKEFILE.read_text(), re.DOTALL | re.MULTILINE)
    unset = set(re.findall(r"-u (\w+)", private))
    ours = {env_name(name) for name, field in Settings.model_fields.items() if field.default in (None, "")}
    assert unset == (ours - HARMLESS) | OF_LIBRARIES
