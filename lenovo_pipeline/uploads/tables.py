"""The tables of uploads: the inventory of files, their rows, their texts, and what was rejected.

Belongs here: declarations only. The typed table of each file has no declaration, since the user's file decides its columns.
"""

from lenovo_pipeline.contracts import Column, Table

STATUSES = ("loaded", "partial", "duplicate", "failed")
SCHEMA = "uploads"

_FILE_ID = r"UPF-[0-9a-f]{24}"


def _count(name: str, description: str) -> Column:
    return Column(name=name, type="integer", description=description, minimum=0)


FILES = Table(
    stage=SCHEMA,
    name="files",
    description="Inventory of the upload folder: one row per file, and per file inside an archive.",
    key=("file_id",),
    min_rows=0,
    columns=(
        Column(name="file_id", type="text", description="Id made from path and content.", unique=True, pattern=_FILE_ID),
        Column(
            name="path",
            type="text",
            description="Path inside the upload folder; `archive::member` inside an archive.",
            unique=True,
        ),
        Column(name="container", type="text", description="Path of the archive that holds the file.", nullable=True),
        Column(
            name="sha256",
            type="text",
            description="SHA-256 of the content that was parsed.",
            nullable=True,
            pattern=r"[0-9a-f]{64}",
        ),
        Column(name="bytes", type="integer", description="Size.", unit="B", nullable=True, minimum=0),
        Column(name="reader", type="text", description="Reader that was used.", nullable=True),
        Column(name="encoding", type="text", description="Encoding of a text file.", nullable=True),
        Column(name="delimiter", type="text", description="Delimiter of a delimited file.", nullable=True),
        _count("rows_read", "Rows found."),
        _count("rows_loaded", "Rows in uploads.rows and in the typed tables."),
        _count("rows_rejected", "Rows in uploads.rejects."),
        _count("texts", "Texts in uploads.texts."),
        Column(name="table_names", type="text[]", description="Typed tables of the file, in this schema."),
        Column(name="status", type="text", description="What became of the file.", choices=STATUSES),
        Column(name="duplicate_of", type="text", description="Path of the file with the same content.", nullable=True),
        Column(name="problem", type="text", description="What was found that should not be.", nullable=True),
        Column(name="remedy", type="text", description="What the owner of the file can do about it.", nullable=True),
        Column(name="notes", type="text[]", description="Remarks: renamed columns, a guessed encoding …"),
        Column(name="read_with", type="text", description="Hash of the readers' version, the limits and the known devices."),
    ),
)

ROWS = Table(
    stage=SCHEMA,
    name="rows",
    description="Every loaded row of every file, as it was written.",
    key=("row_id",),
    min_rows=0,
    columns=(
        Column(name="row_id", type="text", description="Id made from path, table, position and values.", unique=True),
        Column(name="file_id", type="text", description="File of the row.", references="uploads.files.file_id"),
        Column(name="table_name", type="text", description="Typed table that holds the row."),
        Column(name="position", type="integer", description="Place in its table, from 1.", minimum=1),
        Column(name="line", type="integer", description="Line (or sheet row) in the file.", nullable=True, minimum=1),
        Column(name="values", type="json", description="The row as JSON: column to value."),
    ),
)

TEXTS = Table(
    stage=SCHEMA,
    name="texts",
    description="Texts of the files, and the rows in readable form, for search.",
    key=("text_id",),
    min_rows=0,
    columns=(
        Column(name="text_id", type="text", description="Id made from path, section, position and text.", unique=True),
        Column(name="file_id", type="text", description="File of the text.", references="uploads.files.file_id"),
        Column(name="title", type="text", description="Title of the file or table."),
        Column(name="section", type="text", description="Heading, page or table it stands under.", nullable=True),
        Column(name="position", type="integer", description="Place in the file, from 1.", minimum=1),
        Column(name="language", type="text", description="Language (BCP 47); `und` if it cannot be told."),
        Column(name="text", type="text", description="The text."),
        Column(
            name="mentioned_device_ids",
            type="text[]",
            description="Devices whose names the text mentions.",
            references="enterprise.devices.device_id",
            derived_from=("enterprise.devices.name",),
        ),
    ),
)

REJECTS = Table(
    stage=SCHEMA,
    name="rejects",
    description="Rows that were read but not loaded, with the reason and the remedy.",
    key=("reject_id",),
    min_rows=0,
    columns=(
        Column(name="reject_id", type="text", description="Id made from file and position.", unique=True),
        Column(name="file_id", type="text", description="File of the row.", references="uploads.files.file_id"),
        Column(name="path", type="text", description="Path of the file."),
        Column(name="line", type="integer", description="Line (or sheet row) in the file.", nullable=True, minimum=1),
        Column(name="raw", type="text", description="Beginning of what was found."),
        Column(name="reason", type="text", description="Why it was not loaded."),
        Column(name="remedy", type="text", description="What the owner of the file can do about it."),
    ),
)

TABLES = (FILES, ROWS, TEXTS, REJECTS)
