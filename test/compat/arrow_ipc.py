"""Reads an Arrow IPC stream of the kinds of columns that answers have: the schema, and the rows as the
JSON form of the same answer would show them. Complains about everything that a strict reader would."""

import datetime
import math
import struct

CONTINUATION = b"\xff\xff\xff\xff"
SCHEMA, RECORD_BATCH = 1, 3
UTF8_VIEW = 24


class Malformed(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Malformed(what)


class Table:
    """One table of a flatbuffer."""

    def __init__(self, data, at):
        self.data, self.at = data, at
        self.vtable = at - struct.unpack_from("<i", data, at)[0]
        self.slots = (struct.unpack_from("<H", data, self.vtable)[0] - 4) // 2

    def place(self, slot):
        offset = struct.unpack_from("<H", self.data, self.vtable + 4 + 2 * slot)[0] if slot < self.slots else 0
        return self.at + offset if offset else None

    def number(self, slot, form, default=0):
        place = self.place(slot)
        return default if place is None else struct.unpack_from("<" + form, self.data, place)[0]

    def follow(self, place):
        return place + struct.unpack_from("<I", self.data, place)[0]

    def table(self, slot):
        place = self.place(slot)
        return None if place is None else Table(self.data, self.follow(place))

    def text(self, slot):
        place = self.place(slot)
        if place is None:
            return None
        at = self.follow(place)
        return self.data[at + 4:at + 4 + struct.unpack_from("<I", self.data, at)[0]].decode()

    def vector(self, slot):
        """Where the elements begin, and how many there are."""
        place = self.place(slot)
        if place is None:
            return None
        at = self.follow(place)
        return at + 4, struct.unpack_from("<I", self.data, at)[0]


class Field:
    def __init__(self, table):
        self.name = table.text(0)
        self.nullable = bool(table.number(1, "B"))
        self.kind = table.number(2, "B")
        children = table.vector(5)
        check(children is not None, f"column {self.name} has no list of children")
        check(table.place(4) is None, f"column {self.name} has a dictionary")
        at, count = children
        self.children = [Field(Table(table.data, table.follow(at + 4 * i))) for i in range(count)]
        self.detail = table.table(3)

    def type(self):
        """As apache-arrow for JavaScript calls it."""
        units = ["SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"]
        detail = self.detail
        simple = {1: "Null", 4: "Binary", 5: "Utf8", 6: "Bool", 19: "LargeBinary", 20: "LargeUtf8",
                  UTF8_VIEW: "Utf8View"}
        if self.kind in simple:
            return simple[self.kind]
        if self.kind == 2:
            return ("Int" if detail.number(1, "B") else "Uint") + str(detail.number(0, "i"))
        if self.kind == 3:
            return {1: "Float32", 2: "Float64"}[detail.number(0, "h")]
        if self.kind == 7:
            return f"Decimal[{detail.number(0, 'i')}e{detail.number(1, 'i')}]"
        if self.kind == 8:
            return "Date32<DAY>" if detail.number(0, "h", 1) == 0 else "Date64"
        if self.kind == 10:
            zone = detail.text(1)
            return f"Timestamp<{units[detail.number(0, 'h')]}{', ' + zone if zone else ''}>"
        if self.kind == 12:
            return f"List<{self.children[0].type()}>"
        if self.kind == 13:
            return "Struct"
        if self.kind == 18:
            return f"Duration<{units[detail.number(0, 'h', 1)]}>"
        raise Malformed(f"column {self.name} has type {self.kind}")


def seconds(ms):
    if ms == 0:
        return "P0D"
    whole, rest = divmod(abs(ms), 1000)
    fraction = f".{rest:03}".rstrip("0") if rest else ""
    return f"{'-' if ms < 0 else ''}PT{whole}{fraction}S"


def time_text(value, per_second, zone):
    second, rest = divmod(value, per_second)
    text = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=second)).isoformat()
    digits = f"{rest:0{len(str(per_second)) - 1}}"
    if rest:
        while len(digits) > 3 and digits.endswith("000"):
            digits = digits[:-3]
        text += "." + digits
    return text + ("Z" if zone else "")


class Batch:
    def __init__(self, table, body):
        self.length = table.number(0, "q")
        at, count = table.vector(1)
        self.nodes = iter([struct.unpack_from("<qq", table.data, at + 16 * i) for i in range(count)])
        at, count = table.vector(2)
        self.buffers = iter([struct.unpack_from("<qq", table.data, at + 16 * i) for i in range(count)])
        self.body = body

    def buffer(self):
        offset, length = next(self.buffers)
        check(offset % 8 == 0, f"a buffer begins at {offset}")
        check(0 <= offset and offset + length <= len(self.body), "a buffer is not in the body")
        return self.body[offset:offset + length]

    def column(self, field):
        """The values; None where there is none."""
        length, nulls = next(self.nodes)
        if field.kind == 1:
            return [None] * length
        validity = self.buffer()
        if nulls:
            check(len(validity) * 8 >= length, f"column {field.name} has too few bits of validity")
            valid = [bool(validity[i // 8] >> (i % 8) & 1) for i in range(length)]
            check(valid.count(False) == nulls, f"column {field.name} counts its nulls wrongly")
        else:
            valid = [True] * length
        check(field.nullable or not nulls, f"column {field.name} is null, and says it never is")
        values = self.values(field, length)
        check(len(values) == length, f"column {field.name} has {len(values)} values of {length}")
        return [value if ok else None for value, ok in zip(values, valid)]

    def values(self, field, length):
        name = field.type()
        if field.kind in (4, 5, 19, 20):
            form, size = ("<q", 8) if field.kind > 6 else ("<i", 4)
            offsets, data = self.buffer(), self.buffer()
            ends = [struct.unpack_from(form, offsets, size * i)[0] for i in range(length + 1)]
            check(ends == sorted(ends) and ends[-1] <= len(data), f"offsets of {field.name}")
            texts = field.kind in (5, 20)
            parts = [data[a:b] for a, b in zip(ends, ends[1:])]
            return [part.decode() if texts else part.hex() for part in parts]
        if field.kind == 12:
            offsets = self.buffer()
            ends = [struct.unpack_from("<i", offsets, 4 * i)[0] for i in range(length + 1)]
            elements = self.column(field.children[0])
            check(ends == sorted(ends) and ends[-1] <= len(elements), f"offsets of {field.name}")
            return [elements[a:b] for a, b in zip(ends, ends[1:])]
        if field.kind == 13:
            members = [(child.name, self.column(child)) for child in field.children]
            return [{n: v[i] for n, v in members if v[i] is not None} for i in range(length)]
        data = self.buffer()
        if field.kind == 6:
            check(len(data) * 8 >= length, f"column {field.name} has too few bits")
            return [bool(data[i // 8] >> (i % 8) & 1) for i in range(length)]
        if field.kind == 7:
            scale = 10 ** field.detail.number(1, "i")
            whole = [int.from_bytes(data[16 * i:16 * i + 16], "little", signed=True) for i in range(length)]
            return [value if scale == 1 else value / scale for value in whole]
        form = {"Int64": "q", "Uint64": "Q", "Uint32": "I", "Int32": "i", "Float64": "d", "Date32<DAY>": "i"}
        letter = form.get(name, "q")
        numbers = list(struct.unpack_from(f"<{length}{letter}", data))
        if name == "Float64":
            return [value if math.isfinite(value) else "null" for value in numbers]
        if name.startswith("Date32"):
            return [(datetime.date(1970, 1, 1) + datetime.timedelta(days=value)).isoformat() for value in numbers]
        if name.startswith("Timestamp"):
            scale = 1000 ** field.detail.number(0, "h")
            return [time_text(value, scale, field.detail.text(1)) for value in numbers]
        if name.startswith("Duration"):
            return [seconds(value) for value in numbers]
        return numbers


def read(data):
    """(columns, rows): `[name, type, nullable]`, and a dictionary per row without its nulls; no rows if
    they are of a kind that only the reference writes."""
    at, fields, rows = 0, None, []
    while True:
        check(data[at:at + 4] == CONTINUATION, f"no message at {at}")
        size = struct.unpack_from("<i", data, at + 4)[0]
        at += 8
        if size == 0:
            check(at == len(data), "something follows the end")
            check(fields is not None, "there is no schema")
            return [[f.name, f.type(), f.nullable] for f in fields], rows
        check((8 + size) % 8 == 0, "a message is not aligned")
        metadata = data[at:at + size]
        message = Table(metadata, struct.unpack_from("<I", metadata, 0)[0])
        at += size
        check(message.number(0, "h") == 4, "the version is not V5")
        body = data[at:at + message.number(3, "q")]
        check(len(body) == message.number(3, "q"), "a body is cut short")
        check(len(body) % 8 == 0, "a body is not aligned")
        at += len(body)
        kind, header = message.number(1, "B"), message.table(2)
        if kind == SCHEMA:
            check(fields is None, "there are two schemas")
            check(header.number(0, "h") == 0, "it is big endian")
            first, count = header.vector(1)
            fields = [Field(Table(metadata, header.follow(first + 4 * i))) for i in range(count)]
        else:
            check(kind == RECORD_BATCH and fields is not None, f"a message of kind {kind}")
            if any(field.kind == UTF8_VIEW for field in fields):
                rows = None
                continue
            batch = Batch(header, body)
            columns = [(field.name, batch.column(field)) for field in fields]
            for i in range(batch.length):
                rows.append({name: (None if values[i] == "null" else values[i])
                             for name, values in columns if values[i] is not None})
            check(next(batch.nodes, None) is None and next(batch.buffers, None) is None,
                  "a batch has more than its columns")
