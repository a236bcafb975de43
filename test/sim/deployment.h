#pragma once

// A deployment on a node of the simulated world. Speaks the service protocol over the simulated
// network; may answer slowly, break its streams, or die.

#include "bench/endpoint/conversation.h"
#include "http/server.h"

#include <restate/testing/world.h>

#include <memory>
#include <set>
#include <string>

namespace sim {

class Deployment final : public restate::http::ServerHandler {
 public:
  static constexpr std::uint16_t kPort = 9080;

  Deployment(restate::testing::World& world, restate::testing::Node& node);
  ~Deployment();

  std::string uri() const { return "http://" + node_.host() + ":9080"; }
  /// What user code has seen that it must never see.
  const bench::Stats& stats() const { return stats_; }

 private:
  std::unique_ptr<restate::http::ServerRequest> on_request(
      restate::http::RequestHead head, restate::http::ServerStream& stream) override;

  restate::testing::World& world_;
  restate::testing::Node& node_;
  bench::Stats stats_;
  std::unique_ptr<restate::http::Server> server_;
};

}  // namespace sim
