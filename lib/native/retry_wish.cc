#include "native/retry_wish.h"

#include <restate/service.h>

#include <charconv>

namespace restate::native {

void RetryWish::write_to(protocol::ErrorMessage& message) const {
  message.next_retry_delay_ms = delay_ms;
  if (pause) message.behavior = protocol::ErrorMessage::Behavior::kPause;
}

RetryWish wish_of(const Error& error) {
  RetryWish wish;
  for (const auto& [name, value] : error.metadata) {
    if (name == restate::detail::kPauseWish) wish.pause = true;
    if (name == restate::detail::kDelayWish) {
      std::uint64_t ms = 0;
      std::from_chars(value.data(), value.data() + value.size(), ms);
      wish.delay_ms = ms;
    }
  }
  return wish;
}

}  // namespace restate::native
