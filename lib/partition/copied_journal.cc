#include "partition/copied_journal.h"

#include <variant>

namespace restate::partition {

Result<std::set<std::uint32_t>> completions_behind(const Tables& tables,
                                                   const InvocationId& invocation,
                                                   std::uint32_t upto) {
  std::set<std::uint32_t> announced, indexes;
  if (upto == 0) return indexes;  // the Input asks for nothing
  RESTATE_TRY_VOID(tables.scan_announced(invocation, [&](const Announced& row) {
    if (row.command <= upto) announced.insert(row.completion);
    return true;
  }));
  RESTATE_TRY_VOID(tables.scan_arrivals(invocation, [&](Arrival&& arrival) {
    const auto* completion = std::get_if<wire::CompletionId>(&arrival.id);
    if (completion != nullptr && announced.contains(completion->value)) {
      indexes.insert(arrival.index);
    }
    return true;
  }));
  return indexes;
}

}  // namespace restate::partition
