"""The page that shows how to add a provider names what there is: every member, the suite, and a toy that passes it."""

import ast
import inspect
import re
from pathlib import Path

from anclora.kit.settings import Settings, env_name
from anclora.providers.contract import Provider

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "howto" / "add-a-provider.md").read_text(encoding="utf-8")
CLOUD_PAGE = (ROOT / "docs" / "howto" / "use-metas-cloud-api.md").read_text(encoding="utf-8")
CONTRACT = ROOT / "tests" / "contract"


def test_every_member_of_the_contract_is_on_the_page_and_nothing_else() -> None:
    named = set(re.findall(r"^   \| `(\w+)` \|", PAGE, re.MULTILINE))
    assert named == {name for name, _ in inspect.getmembers(Provider) if not name.startswith("_")}


def test_the_toy_is_one_folder_and_stands_on_a_bench_of_the_suite() -> None:
    assert {path.name for path in (CONTRACT / "toy").glob("*.py")} == {"__init__.py", "adapter.py", "server.py"}
    assert (CONTRACT / "test_conformance.py").exists()
    tree = ast.parse((CONTRACT / "benches.py").read_text(encoding="utf-8"))
    (benches,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "BENCHES"
    ]
    assert isinstance(benches, ast.Tuple)
    standing = {each.id for each in benches.elts if isinstance(each, ast.Name)}
    folders = {path.parent.name for path in (ROOT / "anclora" / "providers").glob("*/adapter.py")}
    assert standing == folders | {"toy"}


def test_the_toy_imports_no_other_provider() -> None:
    for path in (CONTRACT / "toy").glob("*.py"):
        assert not re.search(r"anclora\.(?!kit|providers\.contract)", path.read_text(encoding="utf-8"))


def test_the_page_of_the_cloud_api_names_every_setting_of_it() -> None:
    wanted = {env_name(name) for name in Settings.model_fields if name.startswith("cloud_")}
    assert wanted <= set(re.findall(r"ANCLORA_CLOUD_\w+", CLOUD_PAGE))
