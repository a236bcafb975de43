#pragma once

/// \file
/// What errors of users say about the next try, beside the policies: see `restate::paused` and
/// `restate::retry_in`.

#include "protocol/control.h"

#include <restate/error.h>

#include <cstdint>
#include <optional>

namespace restate::native {

struct RetryWish {
  std::optional<std::uint64_t> delay_ms = {};  ///< nothing: the invocation's own policy decides
  bool pause = false;                          ///< not before somebody resumes the invocation

  void write_to(protocol::ErrorMessage& message) const;
  bool operator==(const RetryWish&) const = default;
};

RetryWish wish_of(const Error& error);

}  // namespace restate::native
