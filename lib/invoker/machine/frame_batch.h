#pragma once

/// \file
/// Frames on their way to an endpoint, gathered so that an attempt's opening is one piece of memory
/// and one write: small payloads are copied next to their headers, large ones stay slices.

#include "protocol/frame.h"

#include <restate/bytes.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace restate::invoker {

class FrameBatch {
 public:
  void add(protocol::ControlType type, const Bytes& payload) {
    add(static_cast<std::uint16_t>(type), payload);
  }
  void add(wire::EntryType type, const Bytes& payload) {
    add(static_cast<std::uint16_t>(type), payload);
  }
  /// The same of what is valid during the call only: it is copied, however large.
  void add(wire::EntryType type, std::string_view payload) {
    add(static_cast<std::uint16_t>(type), payload);
  }
  ByteChain take() && {
    flush();
    return std::move(chain_);
  }

 private:
  static constexpr std::size_t kCopied = 1024;

  static std::string_view view(const Bytes& payload) { return payload.view(); }
  static std::string_view view(std::string_view payload) { return payload; }

  template <class Payload>
  void add(std::uint16_t type, const Payload& payload) {
    const auto size = static_cast<std::uint32_t>(payload.size());
    // No flags: replayed entries have none, and we ask the endpoint for no acks.
    const char header[protocol::kFrameHeaderBytes] = {static_cast<char>(type >> 8),
                                                      static_cast<char>(type),
                                                      0,
                                                      0,
                                                      static_cast<char>(size >> 24),
                                                      static_cast<char>(size >> 16),
                                                      static_cast<char>(size >> 8),
                                                      static_cast<char>(size)};
    small_.append(header, sizeof header);
    if (size <= kCopied) {
      small_.append(view(payload));
    } else {
      flush();
      chain_.push_back(Bytes(payload));
    }
  }
  void flush() {
    if (!small_.empty()) chain_.push_back(Bytes(std::exchange(small_, {})));
  }

  std::string small_;
  ByteChain chain_;
};

}  // namespace restate::invoker
