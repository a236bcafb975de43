#pragma once

/// \file
/// Frames of the service protocol: an eight byte header and a protobuf message. How HTTP cuts the
/// body into pieces has no meaning; frames are cut out of the stream of bytes (docs/formats/
/// protocol.md).

#include "protocol/doc_codes.h"

#include <restate/bytes.h>
#include <restate/wire/journal.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace restate::protocol {

/// Messages that are never stored. The other codes are `wire::EntryType`.
enum class ControlType : std::uint16_t {
  kStart = 0x0000,
  kSuspension = 0x0001,
  kError = 0x0002,
  kEnd = 0x0003,
  kCommandAck = 0x0004,
  kProposeRunCompletion = 0x0005,
  kAwaitingOn = 0x0006,
  kProposeRunCompletionAck = 0x0007,
};

bool is_known_control(std::uint16_t type);
/// The message's name in the schema, such as `SuspensionMessage`; of unknown codes the number.
std::string message_name(std::uint16_t type);

struct Frame {
  std::uint16_t type = 0;
  bool ack_requested = false;
  Bytes payload;

  bool is_control() const { return type < 0x0400; }
  bool operator==(const Frame&) const = default;
};

inline constexpr std::size_t kFrameHeaderBytes = 8;

/// Appends a frame to what will be written. Only small payloads are copied.
void append_frame(ByteChain& out, std::uint16_t type, Bytes payload, bool ack_requested = false);
inline void append_frame(ByteChain& out, ControlType type, Bytes payload) {
  append_frame(out, static_cast<std::uint16_t>(type), std::move(payload));
}
inline void append_frame(ByteChain& out, wire::EntryType type, Bytes payload,
                         bool ack_requested = false) {
  append_frame(out, static_cast<std::uint16_t>(type), std::move(payload), ack_requested);
}

/// Cuts a stream into frames. A payload that came in one piece is a slice of it.
class FrameDecoder {
 public:
  /// A header that announces `limit` bytes or more is refused before anything of it is buffered.
  explicit FrameDecoder(std::size_t limit) : limit_(limit) {}

  void feed(Bytes chunk);
  /// Pieces that are held.
  std::size_t pieces() const { return chunks_.size(); }

  enum class Step : std::uint8_t {
    kFrame,     ///< `frame` is the next one; ask again
    kMore,      ///< nothing complete is left; feed more
    kTooLarge,  ///< the stream cannot be used any more; see `error`
  };
  Step next(Frame& frame);

  const ProtocolError& error() const { return error_; }
  /// Bytes of a frame that has begun and is not complete.
  std::size_t buffered() const { return size_; }
  /// The same with what is still to come of it, as far as its header is known.
  std::size_t expected() const { return expected_ > size_ ? expected_ : size_; }

 private:
  /// Copies the first bytes without consuming them.
  void peek(char* to, std::size_t bytes) const;
  Bytes take(std::size_t bytes);

  std::size_t limit_;
  std::deque<Bytes> chunks_;
  std::size_t size_ = 0;      ///< of all chunks
  std::size_t expected_ = 0;  ///< of the frame that has begun, once its header is known
  ProtocolError error_;
};

}  // namespace restate::protocol
