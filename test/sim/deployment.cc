#include "deployment.h"

namespace sim {
namespace {

using namespace restate;

constexpr const char* kManifest =
    R"({"protocolMode":"BIDI_STREAM","minProtocolVersion":5,"maxProtocolVersion":6,"services":[)"
    R"({"name":"Bench","ty":"SERVICE","handlers":[{"name":"noop"},{"name":"run"},{"name":"runp"},)"
    R"({"name":"sleep"},{"name":"hold"},{"name":"call"},{"name":"send"},{"name":"replay"},)"
    R"({"name":"await"},{"name":"leave"},{"name":"nap"},)"
    R"({"name":"tree"},{"name":"due"},{"name":"fan"}]},)"
    R"({"name":"Obj","ty":"VIRTUAL_OBJECT","handlers":[{"name":"add","ty":"EXCLUSIVE"},)"
    R"({"name":"run","ty":"EXCLUSIVE"},{"name":"value","ty":"SHARED"}]},)"
    R"({"name":"Flow","ty":"WORKFLOW","handlers":[{"name":"flow","ty":"WORKFLOW"},)"
    R"({"name":"settle","ty":"SHARED"}]}]})";

class Attempt final : public http::ServerRequest {
 public:
  Attempt(std::string handler, bench::Stats& stats, Shard& shard, http::ServerStream& stream)
      : shard_(shard),
        stream_(stream),
        conversation_(
            std::move(handler), stats,
            [&shard] { return static_cast<double>(shard.wall_now().ms); },
            [&stream](std::string bytes) { stream.write(Bytes(std::move(bytes))); },
            [&stream] { stream.finish(); }) {}

  void on_body(Bytes data) override {
    if (shard_.fault("deployment/reset")) return stream_.reset();
    conversation_.on_bytes(data.view());
  }
  void on_body_end() override { conversation_.on_input_closed(); }
  void on_closed() override {}

 private:
  Shard& shard_;
  http::ServerStream& stream_;
  bench::Conversation conversation_;
};

}  // namespace

Deployment::Deployment(testing::World& world, testing::Node& node) : world_(world), node_(node) {
  http::ServerOptions options;
  options.body_timeout = Duration{};
  server_ = std::make_unique<http::Server>(node_.shard(0), options, *this);
  RESTATE_ASSERT(server_->listen({node_.host(), kPort, {}}).has_value(), "the port is free");
}

Deployment::~Deployment() = default;

std::unique_ptr<http::ServerRequest> Deployment::on_request(http::RequestHead head,
                                                            http::ServerStream& stream) {
  Shard& shard = node_.shard(0);
  if (head.target == "/discover") {
    stream.respond({200, {{"content-type", "application/vnd.restate.endpointmanifest.v3+json"}}},
                   Bytes::literal(kManifest));
    return nullptr;
  }
  if (shard.fault("deployment/unavailable")) {
    stream.respond({503, {}}, {});
    return nullptr;
  }
  const auto version = head.headers.find("content-type");
  if (!version) {
    stream.respond({415, {}}, {});
    return nullptr;
  }
  stream.start({200, {{"content-type", std::string(*version)}}});
  return std::make_unique<Attempt>(head.target.substr(head.target.rfind('/') + 1), stats_, shard,
                                   stream);
}

}  // namespace sim
