"""Writes tables in formats that this project only reads: spreadsheets by two libraries, Arrow by its own."""

import datetime as dt
import decimal
import sys
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import xlsxwriter

folder = Path(sys.argv[1])
ROWS = 1_000

# A workbook as people make them: a sheet of notes, then the table; dates, a formula, an error, a code, gaps.
book = openpyxl.Workbook()
book.active.title = "notes"
book.active["A1"] = "made by hand"
sheet = book.create_sheet("orders & more")
sheet.append([])
sheet.append(["id", "amount", "when", "day", "at", "code", "paid", None, "note"])
for i in range(60):
    sheet.append([
        i,
        i * 0.1,
        dt.datetime(2024, 1, 1, 12, 30, 15) + dt.timedelta(days=i),
        dt.date(2024, 2, 1) + dt.timedelta(days=i),
        dt.time(9, i, 30),
        f"{i:05d}",
        i % 2 == 0,
        None,
        ["plain", "with \"quotes\", commas", "two\nlines", "<&> é 😀", None][i % 5],
    ])
book.save(folder / "hand.xlsx")

# With the values of formulas, shared texts of several runs, and the calendar of old Macs.
book = xlsxwriter.Workbook(folder / "formulas.xlsx", {"date_1904": True})
sheet = book.add_worksheet("t")
sheet.write_row(0, 0, ["a", "twice", "error", "when"])
bold = book.add_format({"bold": True})
when = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
for i in range(1, 21):
    if i % 2:
        sheet.write_rich_string(i, 0, "text ", bold, f"{i}")
    else:
        sheet.write_string(i, 0, f"text {i}")
    sheet.write_formula(i, 1, f"=ROW()*2-2", None, i * 2)
    sheet.write_formula(i, 2, "=1/0", None, "#DIV/0!")
    sheet.write_datetime(i, 3, dt.datetime(2024, 3, i, 6, 0), when)
book.close()

book = openpyxl.Workbook()
book.active.append(["x", "x"])
book.active.append([1, 2])
book.save(folder / "repeated.xlsx")
book = openpyxl.Workbook()
book.active.append(["x", "y"])
book.save(folder / "header-only.xlsx")
openpyxl.Workbook().save(folder / "nothing.xlsx")
book = openpyxl.Workbook()
book.active.append(["x", "y"])
book.active.append([1, 2])
book.active.append([1, 2, 3])
book.save(folder / "ragged.xlsx")
book = openpyxl.Workbook()
book.active.append([f"c{i}" for i in range(5_000)])
book.save(folder / "wide.xlsx")

whole = (folder / "hand.xlsx").read_bytes()
(folder / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
(folder / "plain.zip").write_bytes(b"")
with zipfile.ZipFile(folder / "plain.zip", "w") as z:
    z.writestr("table.csv", "a,b\n1,2\n")

def rewritten(name, change, **more):
    with zipfile.ZipFile(folder / "hand.xlsx") as old, zipfile.ZipFile(
        folder / name, "w", zipfile.ZIP_DEFLATED
    ) as new:
        for part in old.namelist():
            content = change(part, old.read(part))
            if content is not None:
                new.writestr(part, content, **more)

rewritten("no-sheet.xlsx", lambda part, b: None if "sheet2" in part else b)
rewritten("torn.xlsx", lambda part, b: b[:-300] if "sheet2.xml" in part and "rels" not in part else b)
rewritten(
    "entities.xlsx",
    lambda part, b: b.replace(b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet', 1).replace(b"<v>1</v>", b"<v>&a;</v>")
    if part.endswith("sheet2.xml")
    else b,
)
# 400 MB of blanks where a sheet should be.
rewritten("bomb.xlsx", lambda part, b: b" " * 400_000_000 if part.endswith("sheet2.xml") else b)

# One that lies about its size: the directory says 1,000 bytes.
bomb = bytearray((folder / "bomb.xlsx").read_bytes())
size = (400_000_000).to_bytes(4, "little")
at = bomb.find(size)
while at >= 0:
    bomb[at : at + 4] = (1_000).to_bytes(4, "little")
    at = bomb.find(size, at + 4)
(folder / "lying.xlsx").write_bytes(bytes(bomb))

frame = pd.DataFrame({
    "i8": pd.array([i % 100 if i % 10 else None for i in range(ROWS)], dtype="Int8"),
    "big": [2**53 + i for i in range(ROWS)],
    "small": list(range(ROWS)),
    "float": [np.nan if i % 7 == 0 else i / 3 for i in range(ROWS)],
    "text": [None if i % 11 == 0 else f"v\"{i % 5}\",é" for i in range(ROWS)],
    "kind": pd.Categorical([["a", "b", "c"][i % 3] for i in range(ROWS)]),
    "yes": [i % 2 == 0 for i in range(ROWS)],
    "when": pd.date_range("2024-01-01", periods=ROWS, freq="1h7min3s", tz="Europe/Berlin"),
    "micros": pd.to_datetime([1704067200000001 + i * 1_000_000 for i in range(ROWS)], unit="us"),
    "day": [dt.date(2024, 1, 1) + dt.timedelta(days=i % 300) for i in range(ROWS)],
    "price": [decimal.Decimal(i - 500) / 100 for i in range(ROWS)],
    "code": [f"{i:05d}" for i in range(ROWS)],
})
table = pa.Table.from_pandas(frame, preserve_index=False)
frame.to_parquet(folder / "same.parquet", index=False)
feather.write_feather(table, folder / "lz4.feather", compression="lz4", chunksize=300)
feather.write_feather(table, folder / "zstd.feather", compression="zstd", chunksize=300)
feather.write_feather(table, folder / "plain.arrow", compression="uncompressed", chunksize=300)
with pa.ipc.new_stream(folder / "stream.arrows", table.schema) as stream:
    stream.write_table(table, max_chunksize=300)
arrow = (folder / "lz4.feather").read_bytes()
(folder / "cut.feather").write_bytes(arrow[: len(arrow) * 2 // 3])
stream = (folder / "stream.arrows").read_bytes()
(folder / "cut.arrows").write_bytes(stream[: len(stream) * 2 // 3])
(folder / "noise.arrow").write_bytes(b"ARROW1\0\0" + bytes(range(256)) * 40 + b"ARROW1")
nested = table.append_column("list", pa.array([[1, 2]] * ROWS))
feather.write_feather(nested, folder / "nested.feather")
feather.write_feather(table.slice(0, 0), folder / "empty.feather")
wide = pa.table({f"c{i}": pa.array([1]) for i in range(5_000)})
feather.write_feather(wide, folder / "wide.feather")
