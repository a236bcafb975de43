#include "invoker/exchange.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <string>

using namespace restate;
using namespace restate::invoker;
using namespace std::chrono_literals;

namespace {

struct Lines final : Logger {
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view, std::string_view message,
             std::initializer_list<LogField> fields) override {
    if (level != LogLevel::kWarn) return;
    text += message;
    for (const LogField& field : fields) text += " " + std::string(field.key) + "=" + field.value;
    text += "\n";
  }
  std::string text;
};

/// Keeps the listener, so that a test can say what the endpoint says.
struct Endpoint final : DeploymentClient {
  struct Stream final : AttemptStream {
    void send(ByteChain) override {}
    void close_input() override {}
    std::size_t unsent_bytes() const override { return 0; }
  };
  std::unique_ptr<AttemptStream> open(const schema::Deployment&, AttemptRequest,
                                      AttemptListener& heard_by) override {
    listener = &heard_by;
    return std::make_unique<Stream>();
  }
  AttemptListener* listener = nullptr;
};

struct Owner final : AttemptListener {
  void on_head(const protocol::ResponseHeadView&) override {}
  void on_data(Bytes data) override { heard += data.view(); }
  void on_end() override {}
  void on_error(const TransportFailure&) override {}
  void on_drained() override {}
  std::string heard;
};

}  // namespace

TEST_CASE("what an endpoint says after its last message is told once", "[invoker]") {
  restate::testing::World world{restate::testing::Seed{3}};
  Deadlines deadlines(world.shard());
  Lines lines;
  Endpoint endpoint;
  Owner owner;
  LingeringExchanges lingering;
  auto exchange = std::make_unique<Exchange>(deadlines, lines, owner);
  AttemptRequest request;
  request.invocation = InvocationId{PartitionKey{7}, {}};
  exchange->open(endpoint, {}, request);

  endpoint.listener->on_data(Bytes("frames"));
  CHECK(owner.heard == "frames");
  exchange->warn_of_more(0);  // the usual case: nothing is left of the last piece
  CHECK(lines.text.empty());

  lingering.take(std::move(exchange));
  endpoint.listener->on_data(Bytes("more"));
  endpoint.listener->on_data(Bytes("and more"));
  CHECK(owner.heard == "frames");
  CHECK(lines.text ==
        "an endpoint went on after its last message; that is ignored "
        "restate.invocation.id=" +
            request.invocation.str() + " bytes=4\n");
  endpoint.listener->on_end();
  CHECK(lingering.size() == 0);
}
