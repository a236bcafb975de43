#pragma once

/// \file
/// A record as it is stored (docs/formats/log-records.md). The log store frames it and keeps its checksum.
///
///     u8   format, 1
///     u8   keys: 0 none, 1 single, 2 pair, 3 range
///     u16  flags; bit 0: an extension follows the keys
///     u64  created_at, milliseconds since 1970
///     u64  per key: 0, 1, 2 or 2 of them
///     [u8 n, n bytes]  extension, skipped by who does not know it
///     ...  body
///
/// Numbers are little endian. Keys come before the body, so that a reader can skip a record without
/// touching what is long.

#include <restate/bifrost/types.h>
#include <restate/result.h>

#include <vector>

namespace restate::bifrost {

/// One buffer for the whole batch, cut into its records.
std::vector<Bytes> encode_records(const RecordBatch& batch);

/// The body is a slice of `stored`. `kCorrupt` when the bytes are no record.
Result<Record> decode_record(const Bytes& stored);

}  // namespace restate::bifrost
