// The whole way inside of a process: an invoker's stream, the shard, a handler's thread, and back.

#include "native/in_process.h"
#include "native/pool.h"

#include "protocol/exchange.h"
#include "protocol/frame.h"
#include "protocol/start_message.h"
#include "support/catch.h"
#include "wire/entry.h"

#include <restate/context.h>
#include <restate/testing/world.h>

using namespace restate;
using namespace restate::native;
using namespace std::chrono_literals;

namespace {

/// Takes down what the handler answers, and answers sleeps.
class Listener final : public invoker::AttemptListener {
 public:
  void on_head(const protocol::ResponseHeadView& head) override {
    status = head.status;
    content_type = head.content_type.value_or("");
  }
  void on_data(Bytes data) override {
    decoder.feed(std::move(data));
    protocol::Frame frame;
    while (decoder.next(frame) == protocol::FrameDecoder::Step::kFrame) {
      names.push_back(protocol::message_name(frame.type));
      if (on_frame) on_frame(frame);
    }
  }
  void on_end() override { ended = true; }
  void on_error(const invoker::TransportFailure&) override { FAIL("nothing can break here"); }
  void on_drained() override {}

  int status = 0;
  std::string content_type;
  protocol::FrameDecoder decoder{1 << 24};
  std::vector<std::string> names;
  std::function<void(const protocol::Frame&)> on_frame;
  bool ended = false;
};

ByteChain journal(std::uint32_t entries = 1) {
  protocol::StartMessage start;
  start.known_entries = entries;
  ByteChain chain;
  protocol::append_frame(chain, protocol::ControlType::kStart, encode(start));
  protocol::append_frame(chain, wire::EntryType::kInput,
                         wire::encode_entry(wire::EntryType::kInput, wire::InputEntry{{}, Bytes("x")}));
  return chain;
}

ByteChain sleep_done(std::uint32_t id) {
  ByteChain chain;
  protocol::append_frame(chain, wire::EntryType::kSleepCompletion,
                         wire::encode_notification({wire::EntryType::kSleepCompletion,
                                                    wire::CompletionId{id}, wire::Void{}}));
  return chain;
}


Result<Bytes> sleeper(Context& ctx, Bytes in) {
  RESTATE_TRY_VOID(ctx.sleep(1h));
  return in;
}

struct AttemptFixture {
  testing::World world{testing::Seed{1}};
  BatonPool pool;
  InProcessClient client{world.shard(), pool};
  Listener listener;

  AttemptFixture() {
    auto registry = std::make_shared<ServiceRegistry>();
    REQUIRE(registry->add(Service("S").handler("sleep", sleeper)));
    client.serve(std::move(registry));
  }
  std::unique_ptr<invoker::AttemptStream> open(const std::string& handler, std::uint16_t protocol) {
    invoker::AttemptRequest request;
    request.target.service = "S";
    request.target.handler = handler;
    request.protocol = protocol;
    return client.open({}, std::move(request), listener);
  }
};

}  // namespace

TEST_CASE_METHOD(AttemptFixture, "a handler is called as over the network",
                 "[native][in-process]") {
  std::unique_ptr<invoker::AttemptStream> stream = open("sleep", 6);
  listener.on_frame = [&](const protocol::Frame& frame) {
    if (frame.type == 0x040C) stream->send(sleep_done(1));
  };
  stream->send(journal());
  CHECK(listener.status == 0);  // nothing is called inside of a call
  world.run_until_idle();
  CHECK(listener.status == 200);
  CHECK(listener.content_type == "application/vnd.restate.invocation.v6");
  CHECK(listener.names ==
        std::vector<std::string>{"SleepCommandMessage", "OutputCommandMessage", "EndMessage"});
  CHECK(listener.ended);
}

TEST_CASE_METHOD(AttemptFixture, "a closed input suspends", "[native][in-process]") {
  const auto stream = open("sleep", 6);
  SECTION("at once") {
    stream->send(journal());
    stream->close_input();
  }
  SECTION("later") {
    stream->send(journal());
    world.run_until_idle();
    CHECK_FALSE(listener.ended);
    stream->close_input();
  }
  world.run_until_idle();
  CHECK(listener.names == std::vector<std::string>{"SleepCommandMessage", "SuspensionMessage"});
  CHECK(listener.ended);
}

TEST_CASE_METHOD(AttemptFixture, "what is dropped is heard of no more", "[native][in-process]") {
  auto stream = open("sleep", 6);
  stream->send(journal());
  SECTION("before anything came back") {}
  SECTION("while the handler waits") { world.run_until_idle(); }
  const auto heard = listener.names.size();
  stream.reset();
  world.run_until_idle();
  CHECK(listener.names.size() == heard);
  CHECK_FALSE(listener.ended);
}

TEST_CASE_METHOD(AttemptFixture, "what nobody serves is refused", "[native][in-process]") {
  std::unique_ptr<invoker::AttemptStream> stream;
  SECTION("an unknown handler") {
    stream = open("nope", 6);
    world.run_until_idle();
    CHECK(listener.status == 404);
  }
  SECTION("an unknown protocol") {
    stream = open("sleep", 9);
    world.run_until_idle();
    CHECK(listener.status == 415);
  }
  CHECK(listener.ended);
  stream->send(journal());  // ignored
  world.run_until_idle();
  CHECK(listener.names.empty());
}

TEST_CASE_METHOD(AttemptFixture, "a broken journal is answered without a handler",
                 "[native][in-process]") {
  const auto stream = open("sleep", 6);
  stream->send({Bytes(std::string_view("\x00\x03\x00\x00\x00\x00\x00\x00", 8))});
  world.run_until_idle();
  CHECK(listener.names == std::vector<std::string>{"ErrorMessage"});
  CHECK(listener.ended);
}
