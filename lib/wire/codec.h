#pragma once

/// \file
/// Records of the log as bytes (docs/formats/records.md): a version byte, the command's number, the
/// dedup header, a flatbuffer.

#include <restate/result.h>
#include <restate/wire/commands.h>

#include <cstdint>

namespace restate::wire {

Bytes encode(const Envelope& envelope);

/// `kCorrupt`: not such a record; `kUnsupported`: written by a newer version. Payloads are slices of
/// `bytes`.
Result<Envelope> decode(const Bytes& bytes);

/// Messages of the outbox, and other values that are stored by themselves.
Bytes encode(const OutboxMessage& message);
Result<OutboxMessage> decode_outbox(const Bytes& bytes);

}  // namespace restate::wire
