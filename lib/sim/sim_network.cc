#include "sim/sim_network.h"
#include "sim/sim_shard.h"
namespace restate::sim {
namespace {
class ShardNetwork final : public Network {
 public:
  explicit ShardNetwork(SimShard& shard) : shard_(shard) {}
  Result<std::unique_ptr<Listener>> listen(const Address&,
                                           Function<void(std::unique_ptr<Stream>)>) override {
    return Error{Code::kUnsupported, "not yet"};
  }
  std::unique_ptr<Connecting> connect(const Address&, Duration,
                                      Function<void(Result<std::unique_ptr<Stream>>)>) override {
    return nullptr;
  }
  SimShard& shard_;
};
}  // namespace
std::unique_ptr<Network> SimNetwork::make_for(SimShard& shard) {
  return std::make_unique<ShardNetwork>(shard);
}
}  // namespace restate::sim
