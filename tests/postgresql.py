"""A PostgreSQL of our own for one test run: a temporary folder, a socket in it, nothing shared."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

SUPERUSER = "alliance_tests"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 30

# The server lives as long as this shell's standard input is open. When the test run ends, in
# whatever way (kill -9 included), the pipe closes and the server shuts down.
KEEP = '"$@" </dev/null & server=$!; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server'


class PostgresqlError(RuntimeError):
    """The private cluster could not be made or started; the message holds its log."""


def find_postgresql() -> Path | None:
    """The folder with `initdb` and `postgres`: the one on PATH, else the newest of Debian's."""
    on_path = shutil.which("initdb")
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    newest_first = sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    candidates = [Path(on_path).resolve().parent] if on_path else []
    for folder in [*candidates, *newest_first]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


@contextmanager
def private_cluster(options: Mapping[str, str] | None = None) -> Iterator[str]:
    """The DATABASE_URL of a new, empty cluster, which is gone when the block ends.

    It is spelled as django-environ wants a socket: postgres://user@//folder/database.
    `options` are server settings, such as {"fsync": "off"} for a fault test that must then fail.
    The role in the URL is a superuser: row-level security does not bind it.
    """
    programs = find_postgresql()
    if programs is None:
        raise PostgresqlError("PostgreSQL is not installed")
    account = unprivileged_account()
    with temporary_folder(account) as folder:
        initialize(programs, folder, account)
        with running_server(programs, folder, account, options or {}):
            yield f"postgres://{SUPERUSER}@/{quote(str(folder))}/postgres"


def unprivileged_account() -> pwd.struct_passwd | None:
    """Who runs the server: PostgreSQL refuses root. None means whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresqlError("PostgreSQL refuses to run as root, and there is no postgres or nobody")


@contextmanager
def temporary_folder(account: pwd.struct_passwd | None) -> Iterator[Path]:
    """Only its owner may enter it, so that only we can reach the socket, which asks no password."""
    # TMPDIR may belong to root alone, where the other account could not get through.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp" if account else None) as name:  # noqa: S108
        folder = Path(name)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder


def initialize(programs: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
    # --no-sync is about this command only; the server itself syncs as in production.
    command = [str(programs / "initdb"), f"--pgdata={folder / 'data'}", f"--username={SUPERUSER}"]
    command += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    made = subprocess.run(
        command,
        **run_as(account, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise PostgresqlError(f"initdb failed:\n{made.stdout}")


def run_as(account: pwd.struct_passwd | None, folder: Path) -> dict[str, Any]:
    """The same short environment on every machine, in a folder that the account may enter."""
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    options: dict[str, Any] = {"cwd": folder, "env": environment}
    if account:
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return options


@contextmanager
def running_server(
    programs: Path, folder: Path, account: pwd.struct_passwd | None, options: Mapping[str, str]
) -> Iterator[None]:
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder), **options}
    command = [str(programs / "postgres"), "-D", str(folder / "data")]
    command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEP, "keep", *command],
            **run_as(account, folder),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that Ctrl-C reaches pytest first, and only pytest
        )
    try:
        wait_until_ready(folder)
        yield
    finally:
        stop(keeper, folder)


def wait_until_ready(folder: Path) -> None:
    """The server says so on the eighth line of its own pid file."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if "\nready" in text_of(folder / "data" / "postmaster.pid"):
            return
        if "FATAL" in text_of(folder / "log"):
            break
        time.sleep(0.02)
    raise PostgresqlError(f"PostgreSQL did not start:\n{text_of(folder / 'log')}")


def stop(keeper: subprocess.Popen[str], folder: Path) -> None:
    server = text_of(folder / "data" / "postmaster.pid").partition("\n")[0]
    assert keeper.stdin is not None
    keeper.stdin.close()
    try:
        keeper.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        for pid in (int(server or 0), keeper.pid):
            if pid:
                os.kill(pid, signal.SIGKILL)
        keeper.wait()


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
