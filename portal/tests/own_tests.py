"""Hold the search stand-in to CKAN's own tests: those that ship with CKAN and use the search.

    make a throwaway PostgreSQL, Valkey and search; run CKAN's tests against them; compare with expected.toml

Run with any Python 3.11+:  python portal/tests/own_tests.py [PYTEST ARGUMENTS]
Exit code 0 when every test passes except those that expected.toml names with a reason.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).resolve().parent
PORTAL = TESTS.parent
ENVIRONMENT = PORTAL / ".venv-tests"
sys.path.insert(0, str(PORTAL))

from vidkryto_portal import places, portal, processes  # noqa: E402  # the path is set above
from vidkryto_portal.configuration import State  # noqa: E402

MODULES = (
    "ckan.tests.lib.search",
    "ckan.tests.logic.action.test_get",
    "ckan.tests.controllers.test_package",
    "ckan.tests.controllers.test_group",
    "ckan.tests.controllers.test_organization",
    "ckan.tests.controllers.test_home",
    "ckan.tests.controllers.test_feed",
    "ckan.tests.controllers.test_api",
)
SETTINGS = {  # what CKAN's tests expect of their configuration, beside the addresses
    "use": "egg:ckan",
    "SECRET_KEY": "a key for tests alone",
    "api_token.jwt.algorithm": "HS256",
    "ckan.site_id": "test.ckan.net",
    "ckan.site_title": "CKAN",
    "ckan.site_url": "http://test.ckan.net",
    "ckan.plugins": "",
    "ckan.auth.create_unowned_dataset": "true",
    "ckan.auth.create_user_via_web": "true",
    "ckan.auth.user_create_organizations": "true",
    "ckan.auth.user_create_groups": "true",
    "ckan.auth.user_delete_organizations": "true",
    "ckan.auth.user_delete_groups": "true",
    "ckan.extra_resource_fields": "alt_url",
    "ckan.locale_default": "en",
    "ckan.activity_list_limit": "15",
    "package_new_return_url": "http://localhost/dataset/<NAME>?test=new",
    "package_edit_return_url": "http://localhost/dataset/<NAME>?test=edit",
    "smtp.test_server": "localhost:6675",
    "smtp.mail_from": "info@test.ckan.net",
}


def prepare_environment() -> Path:
    """CKAN's environment with what its tests need on top, made once."""
    python = ENVIRONMENT / "bin" / "python"
    marker = ENVIRONMENT / ".ready"
    if not marker.exists():
        print("making the environment of the tests", file=sys.stderr, flush=True)
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes"]
        for lock in (PORTAL / "requirements.lock", TESTS / "requirements.lock"):
            subprocess.run([*install, "-r", lock], check=True)
        marker.touch()
    return python


def run(arguments: Sequence[str], home: places.Home, report: Path) -> None:
    """Start the services in `home`, run the tests, write their outcome as JUnit XML."""
    python = prepare_environment()
    home.make()
    state = State.new(0, places.database_folder(home), throwaway=True)
    machine = portal.Machine.of(home, state)
    try:
        state = portal.start_services(machine, state)
        machine.postgres.make_databases()
        write_configuration(home, machine, state)
        command = [python, "-P", "-c", "from ckan.cli.cli import ckan; ckan()", "-c", home.ini, "db", "init"]
        environment = processes.clean_environment({"CKAN_INI": str(home.ini)})
        subprocess.run(command, env=environment, cwd=home.root, check=True, stdout=subprocess.DEVNULL)
        chosen = [*arguments] or ["--pyargs", *MODULES]
        subprocess.run(
            [python, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--ckan-ini",
             home.ini, "--junitxml", report, "--rootdir", _packages(python), "--tb=short", "-W", "ignore", *chosen],
            env=environment, cwd=home.root, check=False,
        )  # fmt: skip
    finally:
        portal.stop_all(machine, portal.quiet)


def _packages(python: Path) -> Path:
    return next(python.parent.parent.glob("lib/python3*/site-packages"))


def write_configuration(home: places.Home, machine: portal.Machine, state: State) -> None:
    """The ini file of the tests, with real logging sections but nothing of CKAN's own test configuration."""
    address = machine.postgres.address
    settings = {
        **SETTINGS,
        "sqlalchemy.url": address("ckan", "ckan"),
        "ckan.datastore.write_url": address("ckan", "datastore"),
        "ckan.datastore.read_url": address("datastore_ro", "datastore"),
        "ckan.redis.url": machine.valkey.address,
        "ckan.storage_path": str(home.storage),
        "solr_url": f"http://127.0.0.1:{state.search_port}/solr/ckan",
        "solr_user": "ckan",
        "solr_password": state.search_password,
    }
    text = "[app:main]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())
    processes.write_private(home.ini, text)


def judge(report: Path) -> int:
    """Compare with expected.toml, print the counts and every difference; the exit code."""
    expected: dict[str, str] = tomllib.loads((TESTS / "expected.toml").read_text(encoding="utf-8"))["failures"]
    passed, failed, skipped = [], {}, []
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  # pytest wrote it a moment ago
        name = f"{case.get('classname')}::{case.get('name')}"
        fault = case.find("failure") if case.find("failure") is not None else case.find("error")
        if fault is not None:
            failed[name] = (fault.get("message") or "").splitlines()[:1]
        elif case.find("skipped") is not None:
            skipped.append(name)
        else:
            passed.append(name)
    surprises = {name: text for name, text in failed.items() if name not in expected}
    mended = [name for name in expected if name in passed]
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    for name in failed:
        print(f"  {'expected' if name in expected else 'NEW     '}  {name}: {expected.get(name, surprises.get(name))}")
    for name in mended:
        print(f"  passes now, remove it from expected.toml: {name}")
    return 1 if surprises or mended or not passed else 0


def main() -> int:
    """Run the tests in a folder that vanishes."""
    with tempfile.TemporaryDirectory(prefix="vidkryto-own-tests-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        report = Path(folder) / "report.xml"
        run(sys.argv[1:], places.Home.at(Path(folder) / "home"), report)
        return judge(report)


if __name__ == "__main__":
    sys.exit(main())
