#include "ingress/awakeable.h"

#include "common/base64.h"

namespace restate::ingress {
namespace {

constexpr std::string_view kOldPrefix = "prom_1";
constexpr std::size_t kIdBytes = 28;  ///< an invocation id and an index

bool is_old_id(std::string_view text) {
  if (!text.starts_with(kOldPrefix)) return false;
  const auto bytes = base64::decode(text.substr(kOldPrefix.size()));
  return bytes && bytes->size() == kIdBytes;
}

}  // namespace

std::variant<Refusal, std::optional<AwakeableId>> parse_awakeable_id(std::string_view text) {
  auto id = AwakeableId::parse(text);
  if (id) return std::optional(*id);
  if (is_old_id(text)) return std::optional<AwakeableId>();
  return Refusal{400, "bad awakeable id '" + std::string(text) + "': " + id.error().message};
}

}  // namespace restate::ingress
