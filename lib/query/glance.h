#pragma once

/// \file
/// Tells by the first bytes of an invocation's row that a statement does not want it: most rows of a
/// scan for what is not completed, is recent, or is of one service, are never decoded.

#include "query/catalog.h"
#include "query/filter.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::query {

class Glance {
 public:
  /// `table`: `sys_invocation` or `sys_invocation_status`.
  Glance(const Table& table, const std::vector<Filter>& filters);

  /// True: whoever may fit this filter of that table does.
  static bool is_exact(const Table& table, const Filter& filter);

  /// False: no row with this value fits. What is no row may fit: somebody has to say so.
  bool may_fit(std::string_view value) const;

 private:
  struct Range {
    std::int64_t least = INT64_MIN;
    std::int64_t most = INT64_MAX;
    void narrow(const Filter& filter);
    bool has(std::uint64_t ms) const;
  };

  bool nothing_asked_ = true;
  std::uint32_t statuses_ = UINT32_MAX;  ///< a bit per stored status
  Range created_, modified_;
  std::optional<std::vector<std::string>> services_;
};

}  // namespace restate::query
