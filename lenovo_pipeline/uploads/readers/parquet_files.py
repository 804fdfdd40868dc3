"""Parquet files, a few thousand rows at a time."""

from collections.abc import Iterator

from lenovo_pipeline.uploads.columns import unique_names
from lenovo_pipeline.uploads.readers.documents import checked
from lenovo_pipeline.uploads.records import Event, Facts, FileProblem, Row, Source, Start

_BATCH_ROWS = 4_096
_BYTES_PER_CELL = 1


def read(source: Source) -> Iterator[Event]:
    """Rows of a Parquet file. What the file declares to hold is compared with the limits before anything is unpacked."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(source.path) as file:
            metadata = file.metadata
            declared = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
            unpacked = max(declared, metadata.num_rows * max(metadata.num_columns, 1) * _BYTES_PER_CELL)
            if unpacked > source.limits.file_bytes:
                raise FileProblem(
                    f"it unpacks to at least {unpacked:,} bytes; files up to {source.limits.file_bytes:,} bytes are read",
                    remedy="Split the file, or raise LENOVO_UPLOAD_MAX_BYTES.",
                )
            names, notes = unique_names(file.schema_arrow.names)
            yield Facts(notes=tuple(notes))
            yield Start("", names)
            number = 0
            for batch in file.iter_batches(_BATCH_ROWS):
                columns = [column.to_pylist() for column in batch.columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield checked(Row("", dict(zip(names, values, strict=True)), number), source.limits.line_bytes)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise FileProblem(
            f"it is no whole Parquet file ({str(error).splitlines()[0][:200]})",
            remedy="Write the file again; it may have been cut off while it was copied.",
        ) from error
