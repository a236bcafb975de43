#pragma once

/// \file
/// Smaller answers for who understands them.

#include <restate/bytes.h>

#include <memory>
#include <string>
#include <string_view>

namespace restate::http {

/// True if an `accept-encoding` with this value lets us answer with gzip.
bool accepts_gzip(std::string_view accept_encoding);

/// `text` as gzip, quickly rather than as small as can be.
std::string gzip(std::string_view text);

/// The same in pieces.
class GzipStream {
 public:
  GzipStream();
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// What `text` adds to the stream, which may be nothing yet. `last`: it ends here.
  Bytes add(std::string_view text, bool last);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace restate::http
