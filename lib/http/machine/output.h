#pragma once

/// \file
/// What waits to be written: on one connection (`Output`), on one stream (`BodyQueue`).

#include <restate/bytes.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace restate::http {

/// Gathers the bytes of a connection. Heads, frame headers and small bodies are copied next to each
/// other; a larger body stays the slice it is.
class Output {
 public:
  void append(std::string_view text);
  void append(Bytes data);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Moves up to `max_bytes` to `out`, in order.
  void take(ByteChain& out, std::size_t max_bytes);
  void clear();

 private:
  void seal();

  std::vector<Bytes> chain_;
  std::size_t first_ = 0;  ///< of `chain_`, not yet taken
  std::string tail_;       ///< behind the chain
  std::size_t size_ = 0;
};

/// The part of a body that flow control holds back.
class BodyQueue {
 public:
  void push(Bytes data);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Moves exactly `bytes` (at most `size()`) to `out`.
  void move_to(Output& out, std::size_t bytes);
  void clear();

 private:
  std::vector<Bytes> pieces_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace restate::http
