// Ids come from the paths of requests and from SDKs. What is read as one is written, and read as the
// same again.

#include "fuzz/fuzz.h"
#include "support/partition.h"

#include <restate/wire/queue.h>

#include <cstdlib>

using namespace restate;

namespace {

/// One thing has one name.
template <class Id>
void parse(std::string_view text) {
  const auto id = Id::parse(text);
  if (id && id->str() != text) std::abort();
}

/// These may have padding, or letters of the other alphabet.
void parse_awakeable(std::string_view text) {
  const auto id = AwakeableId::parse(text);
  if (!id) return;
  const auto again = AwakeableId::parse(id->str());
  if (!again || !(*again == *id)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse<InvocationId>(text);
  parse<DeploymentId>(text);
  parse<wire::QueueId>(text);
  parse_awakeable(text);
  if (size >= 24) {
    const auto id = InvocationId::from_bytes(text.substr(0, 24));
    const auto again = InvocationId::parse(id.str());
    if (!again || !(*again == id)) std::abort();
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  InvocationId id = testing::make_id(1);
  DeploymentId deployment = testing::make_deployment(1);
  std::vector<std::string> seeds = {id.str(), deployment.str(), AwakeableId{id, 17}.str()};
  id.key.value = UINT64_MAX;
  id.uuid.bytes.fill(0xff);
  deployment.ulid.bytes.fill(0xff);
  const auto raw = id.bytes();
  seeds.insert(seeds.end(), {id.str(), deployment.str(), AwakeableId{id, UINT32_MAX}.str(),
                             wire::QueueId{id.key, id.uuid}.str(),
                             std::string(raw.begin(), raw.end()), "sub_1", "dp_2", "inv_", "_1"});
  return seeds;
}
