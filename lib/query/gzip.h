#pragma once

/// \file
/// A stream of gzip, fed in pieces.

#include <restate/bytes.h>

#include <memory>
#include <string_view>

namespace restate::query {

class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  /// What `bytes` adds to the stream, which may be nothing yet. `last`: it ends here.
  Bytes add(std::string_view bytes, bool last);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace restate::query
