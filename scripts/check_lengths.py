"""The length ratchet: source files up to 300 lines, functions up to 60, test files up to 400."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE_LINES = {"anclora": 300, "scripts": 300, "benchmarks": 300, "tests": 400}
FUNCTION_LINES = 60
SUFFIXES = (".py", ".lua", ".sql", ".js")


def findings(path: Path, limit: int) -> list[str]:
    """The sentences that say what is too long in one file."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    lines = text.count("\n")
    found = [f"{name}: {lines} lines, {limit} allowed"] if lines > limit else []
    for node in ast.walk(ast.parse(text if path.suffix == ".py" else "")):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > FUNCTION_LINES:
                found.append(f"{name}:{node.lineno}: {node.name} has {size} lines, {FUNCTION_LINES} allowed")
    return found


def main() -> int:
    """Exit code 1 when anything is over its limit."""
    found = [
        line
        for folder, limit in FILE_LINES.items()
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in SUFFIXES and "node_modules" not in path.parts
        for line in findings(path, limit)
    ]
    print("\n".join(found) or "lengths: every file and function within its limit")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
