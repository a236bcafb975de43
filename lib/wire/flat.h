#pragma once

/// \file
/// Flatbuffers with their payloads behind them. Records of the log and rows of the store are built
/// and read with these; the shared parts (targets, failures, sinks, ...) have their packers here.

#include <restate/result.h>
#include <restate/wire/commands.h>
#include <restate/wire/invocation.h>
#include <restate/wire/journal.h>

#include <flatbuffers/flatbuffers.h>

#include "wire/records_generated.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::wire {

/// Builds `prefix | size of the flatbuffer, u32 LE | flatbuffer | payloads`. Payloads do not pass
/// through the builder: they are copied once, to where they stay.
class FlatWriter {
 public:
  flatbuffers::FlatBufferBuilder& builder() { return builder_; }

  /// Takes a payload along and returns its extent: offset behind the flatbuffer and length, as
  /// offset << 32 | length.
  std::uint64_t extent(const Bytes& payload);
  /// Null, that is absent, for an empty string.
  flatbuffers::Offset<flatbuffers::String> text(std::string_view text);
  /// Present even if empty; absent only if there is none.
  flatbuffers::Offset<flatbuffers::String> optional_text(const std::optional<std::string>& text);

  template <class Table>
  Bytes finish(std::string_view prefix, flatbuffers::Offset<Table> root) {
    builder_.Finish(root);
    return assemble(prefix);
  }

 private:
  Bytes assemble(std::string_view prefix) const;

  flatbuffers::FlatBufferBuilder builder_{512};
  ByteChain payloads_;
  std::uint64_t payload_bytes_ = 0;
};

/// The other direction. Verifies before it shows anything. The flatbuffer is copied to aligned
/// memory (it is small: payloads are outside); payloads are slices of the bytes read.
class FlatReader {
 public:
  FlatReader() = default;
  FlatReader(const FlatReader&) = delete;
  FlatReader& operator=(const FlatReader&) = delete;

  /// Reads what `FlatWriter` wrote, from `offset` on. `kCorrupt`: cut short or not a `Table`.
  template <class Table>
  Result<const Table*> open(const Bytes& bytes, std::size_t offset) {
    RESTATE_TRY(const std::string_view flat, locate(bytes, offset));
    // Every table takes at least four bytes: whatever can be written can be read again, and a damaged
    // buffer cannot make the verifier visit more than it holds.
    constexpr flatbuffers::uoffset_t kMaxDepth = 64;
    const auto max_tables = static_cast<flatbuffers::uoffset_t>(flat.size() / 4 + 1);
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(flat.data()), flat.size(),
                                   kMaxDepth, max_tables);
    if (!verifier.VerifyBuffer<Table>(nullptr)) {
      return Error{Code::kCorrupt, "a record's flatbuffer is damaged"};
    }
    return flatbuffers::GetRoot<Table>(flat.data());
  }

  /// The payload at an extent. What lies outside of the bytes is empty, and makes `damaged` true.
  Bytes payload(std::uint64_t extent);
  /// For unpackers: a value that cannot be.
  void damage() { damaged_ = true; }
  bool damaged() const { return damaged_; }

 private:
  Result<std::string_view> locate(const Bytes& bytes, std::size_t offset);

  static constexpr std::size_t kInlineWords = 96;
  std::uint64_t inline_[kInlineWords];
  std::vector<std::uint64_t> heap_;
  Bytes tail_;
  bool damaged_ = false;
};

// --- Shared parts -----------------------------------------------------------------------------------
// `pack` appends a part to a writer. `unpack` reads one; null (absent) gives the default, impossible
// values damage the reader.

inline fb::Uuid flat(const Uuid& uuid) { return {uuid.high(), uuid.low()}; }
inline fb::Id flat(const InvocationId& id) { return {id.key.value, id.uuid.high(), id.uuid.low()}; }
Uuid unflat(const fb::Uuid* uuid);
InvocationId unflat(const fb::Id* id);

inline std::string unpack(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}
inline std::optional<std::string> unpack_optional(const flatbuffers::String* text) {
  return text == nullptr ? std::nullopt : std::optional(text->str());
}

using FlatPairs = flatbuffers::Vector<flatbuffers::Offset<fb::Pair>>;
using FlatNodes = flatbuffers::Vector<flatbuffers::Offset<fb::Node>>;

flatbuffers::Offset<fb::Target> pack(FlatWriter& out, const InvocationTarget& target);
flatbuffers::Offset<FlatPairs> pack(FlatWriter& out, const std::vector<Header>& headers);
flatbuffers::Offset<fb::Failure> pack(FlatWriter& out, const Failure& failure);
flatbuffers::Offset<fb::Sink> pack(FlatWriter& out, const ResponseSink& sink);
flatbuffers::Offset<fb::Source> pack(FlatWriter& out, const Source& source);
flatbuffers::Offset<fb::Span> pack(FlatWriter& out, const SpanContext& span);
flatbuffers::Offset<fb::Pinned> pack(FlatWriter& out, const PinnedDeployment& pinned);
flatbuffers::Offset<fb::Event> pack(FlatWriter& out, const JournalEvent& event);
flatbuffers::Offset<fb::CallInfo> pack(FlatWriter& out, const CallInfo& call);
flatbuffers::Offset<fb::Outcome> pack(FlatWriter& out,
                                      const std::variant<Void, Bytes, Failure>& outcome);
flatbuffers::Offset<fb::Outcome> pack(FlatWriter& out, const InvocationResult& result);
flatbuffers::Offset<fb::Leaf> pack(FlatWriter& out, const NotificationId& id);
flatbuffers::Offset<FlatNodes> pack(FlatWriter& out, const AwaitTree& tree);
flatbuffers::Offset<fb::Invocation> pack(FlatWriter& out, const ServiceInvocation& invocation);

InvocationTarget unpack(FlatReader& in, const fb::Target* target);
std::vector<Header> unpack(FlatReader& in, const FlatPairs* headers);
Failure unpack(FlatReader& in, const fb::Failure* failure);
ResponseSink unpack(FlatReader& in, const fb::Sink* sink);
Source unpack(FlatReader& in, const fb::Source* source);
SpanContext unpack(FlatReader& in, const fb::Span* span);
PinnedDeployment unpack(FlatReader& in, const fb::Pinned* pinned);
JournalEvent unpack(FlatReader& in, const fb::Event* event);
CallInfo unpack(FlatReader& in, const fb::CallInfo* call);
std::variant<Void, Bytes, Failure> unpack(FlatReader& in, const fb::Outcome* outcome);
NotificationId unpack(FlatReader& in, const fb::Leaf* leaf);
AwaitTree unpack(FlatReader& in, const FlatNodes* nodes);
ServiceInvocation unpack(FlatReader& in, const fb::Invocation* invocation);

}  // namespace restate::wire
