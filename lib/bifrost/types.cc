#include <restate/bifrost/types.h>

namespace restate::bifrost {

std::string LogletId::str() const {
  return std::to_string(log.value) + "_" + std::to_string(segment.value);
}

bool RecordKeys::concern(KeyRange range) const {
  switch (kind) {
    case Kind::kNone:
      return true;
    case Kind::kSingle:
      return range.contains(PartitionKey{first});
    case Kind::kPair:
      return range.contains(PartitionKey{first}) || range.contains(PartitionKey{second});
    case Kind::kRange:
      return first <= range.last && range.first <= second;
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::bifrost
