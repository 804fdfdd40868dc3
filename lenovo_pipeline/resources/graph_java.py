"""The command line of the embedded graph server: where it is installed, and every setting it is started with.

Belongs here: flags of Java and settings of ArcadeDB. Nothing secret is among them: every local user can read a command line.
"""

import importlib.util
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure

_LOG_BYTES = 2_000_000


def java_command(
    *,
    session: Path,
    databases: Path,
    logs: Path,
    password_file: Path,
    database: str,
    user: str,
    host: str,
    bolt: int,
    http: int,
    heap: str,
) -> list[str]:
    """The command that serves `databases` on `host`, ports `bolt` and `http`; writes `logging.properties` into `session`.

    The server writes its own configuration into `session` and creates `database` for `user` if it is not there.
    Raises PermanentFailure if the server or its Java runtime is not installed.
    """
    home = _installed()
    logging_file = session / "logging.properties"
    logging_file.write_text(_logging_properties(logs), encoding="utf-8")
    settings = {
        "java.awt.headless": "true",
        "java.util.logging.config.file": logging_file,
        "polyglot.engine.WarnInterpreterOnly": "false",
        # Production mode would keep the reason of a refused query from who asked; what else it sets is set here.
        "arcadedb.server.mode": "development",
        "arcadedb.txWalFlush": 1,
        "arcadedb.opencypher.loadCsv.allowFileUrls": "false",
        "arcadedb.opencypher.loadCsv.allowRemoteUrls": "false",
        "arcadedb.server.name": "lenovo_pipeline",
        "arcadedb.server.rootPath": session,
        "arcadedb.server.databaseDirectory": databases,
        "arcadedb.server.logsDirectory": logs,
        "arcadedb.server.rootPasswordPath": password_file,
        "arcadedb.server.defaultDatabases": f"{database}[{user}]",
        "arcadedb.server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "arcadedb.bolt.host": host,
        "arcadedb.bolt.port": bolt,
        "arcadedb.server.httpIncomingHost": host,
        "arcadedb.server.httpIncomingPort": http,
        "arcadedb.server.httpWorkerThreads": 8,
        "arcadedb.support.autoRegister": "false",
    }
    return [
        str(home / "jre" / "bin" / "java"),
        f"-Xmx{heap}",
        # Runs are short and share their cores with the server: parallel collectors and the second compiler cost more than
        # they save (50,000 nodes and relationships took half the processor time with the first compiler alone).
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseCompactObjectHeaders",
        "-XX:-UsePerfData",
        # Out of memory, the server must fail for all to see rather than limp on.
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={logs / 'crash.log'}",
        "--add-modules=jdk.incubator.vector",
        "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
        "--add-opens=java.base/java.nio.channels.spi=ALL-UNNAMED",
        "--add-exports=java.management/sun.management=ALL-UNNAMED",
        *(f"-D{name}={value}" for name, value in settings.items()),
        "-cp",
        f"{home / 'jars'}/*",
        "com.arcadedb.server.ArcadeDBServer",
    ]


def _logging_properties(logs: Path) -> str:
    # Backslash and percent have a meaning in such a file.
    pattern = str(logs / "server.").replace("\\", "\\\\").replace("%", "%%")
    return "\n".join(
        (
            "handlers=java.util.logging.FileHandler",
            ".level=INFO",
            f"java.util.logging.FileHandler.pattern={pattern}%g.log",
            f"java.util.logging.FileHandler.limit={_LOG_BYTES}",
            "java.util.logging.FileHandler.count=2",
            "java.util.logging.FileHandler.formatter=com.arcadedb.log.LogFormatter",
            "",
        )
    )


def _installed() -> Path:
    """Folder of the installed server (`jre/`, `jars/`). Raises PermanentFailure if it is missing."""
    found = importlib.util.find_spec("arcadedb_embedded")
    remedy = "Install again (make clean, then make run), or set LENOVO_NEO4J_URI to use a Neo4j server."
    if found is None or found.origin is None:
        raise PermanentFailure("the package arcadedb-embedded, which holds the graph server, is not installed", remedy=remedy)
    home = Path(found.origin).parent
    missing = [str(path) for path in (home / "jre" / "bin" / "java", home / "jars") if not path.exists()]
    if missing:
        raise PermanentFailure(f"the installed graph server lacks {' and '.join(missing)}", remedy=remedy)
    return home
