"""Writes the pages of docs/reference that the code itself knows; `--check` fails when one of them is old."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import typer

import anclora
from anclora.alerts import CATALOGUE
from anclora.api.errors import CODE_OF_STATUS, STATUS_OF_CLASS, status_of
from anclora.cli.app import app
from anclora.kit.errors import AncloraError
from anclora.kit.metrics import INSTRUMENTS, OF_THE_PROCESS
from anclora.kit.settings import Settings, env_name
from anclora.kit.settings_ops import OpsSettings
from anclora.messages import model
from anclora.messages.model import FINAL, TRANSITIONS, State
from anclora.playbook.page import playbook_page

sys.path.insert(0, str(Path(__file__).parent.parent))  # run as a file, its own folder is all it sees

from scripts.access_page import access_page
from scripts.diagrams import diagrams_page

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "reference"
_BY = "Written by `scripts/reference_pages.py` from the code; `make check` holds it to that.\n\n"
# The rooms whose failures reach a caller of the API.
_BEHIND_THE_DOORS = (
    "access", "api", "contacts", "conversions", "hooks", "inbound", "instances", "links", "media", "messages",
    "notify", "reports",
    "kit/batcher.py", "queue/scripts.py", "queue/server.py", "storage/database.py",
)  # fmt: skip
# What is read from the environment beside the settings: by libraries' names, by commands, or before there are settings.
READ_BESIDE: Mapping[str, str] = {
    "ANCLORA_ENV_FILE": "the file read instead of `.env`; empty = none",
    "ANCLORA_ACTOR_ROLE": "the role of whoever types commands: admin (the default), devops, developer, support, viewer",
    "API_KEY": "of this API, for commands; `anclora up` writes it into the env file of its data directory",
    "ANCLORA_SMOKE_TO": "the test number `anclora smoke` writes to",
    "PROMETHEUS_MULTIPROC_DIR": "a folder in which the processes of one machine count together",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "a collector of traces (OTLP over HTTP); unset = nothing is traced",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "the same, for traces alone, with its path",
    "OTEL_SERVICE_NAME": "what traces call the service",
    "OTEL_TRACES_SAMPLER": "which traces are kept: always_on, always_off, traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "the share of them that is kept, 0 to 1",
    "OTEL_SDK_DISABLED": "true = nothing is traced",
    "SENTRY_RELEASE": "what Sentry calls this version; unset = the version of the program",
    "SANDBOX_API_KEY": "the key that `anclora sandbox` asks for",
    "UV_DEFAULT_INDEX": "the package index that `anclora deps` asks",
    "UV_INDEX_URL": "the same",
    "PIP_INDEX_URL": "the same",
    "ANCLORA_FAILPOINT": "for tests of crashes only: where a process kills itself, e.g. after_send:37",
}
_ADVICE: Mapping[int, str] = {
    400: "Mend the body; the same request will never be accepted.",
    401: "Send a key that is known, in `X-API-Key`.",
    403: "Make a key with the scope the answer names, or take one of a role that has it.",
    404: "Check the path, or the id or name in it.",
    405: "Use the method that `/openapi.json` names for this path.",
    408: "Send the body faster, or in several requests.",
    409: "Read the state of the thing, or take a new Idempotency-Key.",
    413: "Send less at once.",
    422: "Mend what `detail` names; the same request will never be accepted.",
    500: "Look for the `request_id` of the answer in the log; nothing is wrong with the call.",
    503: "Send the same request again after `Retry-After` seconds, with the same Idempotency-Key.",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def import_everything() -> None:
    """Import every module, so that every error class and every instrument exists."""
    for found in pkgutil.walk_packages(anclora.__path__, "anclora."):
        if "migrations" not in found.name and not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def settings_page() -> str:
    """Name, default and meaning of every setting."""
    fields = sorted(Settings.model_fields.items(), key=lambda field: field[0] in OpsSettings.model_fields)
    rows = [(f"`{env_name(name)}`", f"`{field.default}`", field.description or "") for name, field in fields]
    beside = [(f"`{name}`", meaning) for name, meaning in READ_BESIDE.items()]
    return (
        f"# Settings\n\nEnvironment or `.env`. {_BY}{table(('name', 'default', 'meaning'), rows)}"
        "\n## Read beside them\n\nIn the environment only, not in `.env`; `AWS_*` mean what they mean everywhere.\n\n"
        f"{table(('name', 'meaning'), beside)}"
    )


def commands(command: Any, words: str = "anclora") -> Iterator[tuple[str, Any]]:
    """Every command with its words, depth first."""
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield words, command
    for name, child in children.items():
        yield from commands(child, f"{words} {name}")


def cli_page() -> str:
    """Every command with its options."""
    text = (
        f"# Commands\n\n{_BY}Exit codes: 0 ok, 1 a finding or a failure, 2 usage. With `--json` answers are JSON on "
        "standard output,\nand errors are JSON (`code`, `detail`) on standard error.\n"
    )
    for words, command in commands(typer.main.get_command(app)):
        rows = [_parameter(each) for each in command.params if each.name not in ("help", *_COMPLETION)]
        text += f"\n## {words}\n\n{inspect.cleandoc(command.help or '')}\n"
        text += "\n" + table(("option", "default", "meaning"), rows) if rows else ""
    return text


_COMPLETION = ("install_completion", "show_completion")


def _parameter(parameter: Any) -> tuple[str, str, str]:
    name = f"`{'` `'.join(parameter.opts)}`" if parameter.param_type_name == "option" else f"`{parameter.name}`"
    plain = parameter.default is None or parameter.default is False
    default = "required" if parameter.required else "" if plain else f"`{parameter.default}`"
    return name, default, getattr(parameter, "help", None) or ""


def error_classes(kind: type[AncloraError] = AncloraError) -> Iterator[type[AncloraError]]:
    """Every kind of expected failure."""
    yield kind
    for child in kind.__subclasses__():
        yield from error_classes(child)


def errors_page() -> str:
    """Code, status and sentences of everything the API may refuse, and what to do about it."""
    kinds = {kind.__name__: kind for kind in error_classes()}
    found: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for place in _BEHIND_THE_DOORS:
        path = ROOT / "anclora" / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for kind, code, sentence in _raised(ast.parse(file.read_text(encoding="utf-8")), kinds):
                error = kind.__new__(kind)
                error.code = code or kind.code
                sentences = found[error.code, status_of(error)]
                sentences += [sentence] if sentence and sentence not in sentences else []
    for status, code in CODE_OF_STATUS.items():
        found[code, status] = ["… is not served here; see /openapi.json for what is."]
    rows = [
        (f"`{code}`", str(status), "<br>".join(sentences))
        for (code, status), sentences in sorted(found.items())
        if status != HTTPStatus.INTERNAL_SERVER_ERROR
    ]
    rows.append(("`internal`", "500", "Something went wrong here; it was logged."))
    missing = {int(row[1]) for row in rows} | set(STATUS_OF_CLASS.values())
    advice = [(str(status), _ADVICE[status]) for status in sorted(missing)]
    return (
        f"# Errors\n\n{_BY}Every refusal is a problem document (RFC 9457, `application/problem+json`) with `type`, "
        "`title`, `status`, `detail`,\n`code` and `instance`. Programs compare `code`; it is stable. "
        "`detail` is for people.\n\n"
        f"## What to do\n\n{table(('status', 'what to do'), advice)}\n"
        f"## Codes\n\n{table(('code', 'status', 'what it says'), rows)}"
    )


def _raised(tree: ast.Module, kinds: Mapping[str, type[AncloraError]]) -> Iterator[tuple[type[AncloraError], str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in kinds:
            calls = [call for call in ast.walk(node) if isinstance(call, ast.Call) and "super()" in ast.unparse(call)]
            yield from ((kinds[node.name], "", _words(call.args[0])) for call in calls if call.args)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            codes = [word.value for word in node.keywords if word.arg == "code"]
            code = codes[0] if codes else ast.Constant("")
            if isinstance(code, ast.Constant):
                yield kinds[node.func.id], str(code.value), _words(node.args[0]) if node.args else ""


def _words(node: ast.expr) -> str:
    """A sentence with … where values go; nothing when it is made elsewhere."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""


def metrics_page() -> str:
    """Every instrument: name as it is exported, type, labels, meaning."""
    rows = [
        (f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.text) for one in INSTRUMENTS
    ]
    head = f"# Metrics\n\n`GET /metrics`, in the Prometheus text format. {_BY}"
    return head + table(("name", "type", "labels", "meaning"), sorted(rows)) + _of_the_process() + _recorded()


def _of_the_process() -> str:
    rows = [
        (f"`{family.name}{'_total' if family.type == 'counter' else ''}`", family.type, family.documentation)
        for family in OF_THE_PROCESS.collect()
    ]
    return f"\n## Of every process, by the names the field knows\n\n{table(('name', 'type', 'meaning'), sorted(rows))}"


def _recorded() -> str:
    """What the rules we ship have Prometheus record; the windows of a ratio stand in one row."""
    parts = CATALOGUE.parts.values()
    rows = [(f"`{one.record}`", _code(one.expr)) for part in parts for one in part.record] + [
        (" ".join(f"`{one.record}:ratio_rate{window}`" for window in one.windows), _code(one.expr))
        for part in parts
        for one in part.ratio
    ]
    by = "By the rules in `deploy/prometheus`; `$w` stands for the window in the name."
    return f"\n## Recorded by Prometheus\n\n{by}\n\n" + table(("name", "is"), sorted(rows))


def _code(expr: str) -> str:
    return f"`{' '.join(expr.split())}`"


def states_page() -> str:
    """The life of a message: the diagram, and every step there is."""
    source = inspect.getsource(model)
    diagram = re.findall(r"```\n(.*?)```", source, re.DOTALL)[0]
    meanings = dict(re.findall(r'^    [A-Z]+ = "(\w+)"  # (.+)$', source, re.MULTILINE))
    rows = [
        (
            f"`{state.value}`",
            meanings.get(state.value, ""),
            ", ".join(f"`{to.value}`" for to in State if to in TRANSITIONS[state]) or "none",
            "yes" if state in FINAL else "",
        )
        for state in State
    ]
    return (
        f"# The states of a message\n\n{_BY}A later receipt, late evidence or a person may still correct a final "
        f"state.\n\n```\n{diagram}```\n\n{table(('state', 'meaning', 'next', 'final'), rows)}"
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "errors.md": errors_page,
    "metrics.md": metrics_page,
    "messages-states.md": states_page,
    "diagrams.md": diagrams_page,
    "access.md": access_page,
    "../runbooks/operational-playbook.md": playbook_page,
}


def main() -> int:
    """Write the pages, or compare them."""
    import_everything()
    made = {FOLDER / name: page() for name, page in PAGES.items()}
    old = [path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        print(f"old: {', '.join(old)}; run scripts/reference_pages.py" if old else "reference pages: up to date")
        return 1 if old else 0
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
