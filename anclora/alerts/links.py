"""Where alerts point to. Pure."""

import msgspec


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses that every installation has its own of; without any, those of one that runs on this machine.

    Attributes:
        anclora_url: of our API, as Alertmanager and a person's browser reach it.
        grafana_url: of Grafana.
    """

    anclora_url: str = "http://127.0.0.1:8000"
    grafana_url: str = "http://127.0.0.1:3000"

    def runbook(self, name: str) -> str:
        """The page of an alert: our own server has it, since it must open at three in the morning."""
        return f"{self.anclora_url}/runbooks/{name}"

    def dashboard(self, uid: str) -> str:
        """A dashboard."""
        return f"{self.grafana_url}/d/{uid}"
