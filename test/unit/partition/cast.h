#pragma once

// Who these tests are about, and what they ask of a journal.

#include "support/partition.h"

#include <vector>

namespace restate::testing {

inline const InvocationId kA = make_id(1);
inline const InvocationId kB = make_id(2);
inline const InvocationId kC = make_id(3);
inline const InvocationId kD = make_id(4);
inline const wire::Retention kDay{86'400'000, 86'400'000};

inline std::vector<wire::EntryType> types(const std::vector<wire::JournalEntry>& journal) {
  std::vector<wire::EntryType> found;
  for (const auto& entry : journal) found.push_back(entry.type);
  return found;
}

}  // namespace restate::testing
