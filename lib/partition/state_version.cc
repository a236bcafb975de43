#include "partition/state_version.h"

#include "common/base64.h"
#include "common/hash.h"

namespace restate::partition {

void StateVersion::add(std::string_view key, std::string_view value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    content_.push_back(static_cast<char>(entries_ >> shift & 0xff));
  }
  ++entries_;
  content_.append(1, '\x01').append(key).append(1, '\x02').append(value).append(1, '\x03');
}

std::string StateVersion::str() const { return base64::encode_url(sha256(content_)); }

}  // namespace restate::partition
