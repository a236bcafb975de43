// The whole way inside of a process: an invoker's stream, the shard, a handler's thread, and back.

#include "native/in_process.h"
#include "native/pool.h"

#include "protocol/exchange.h"
#include "protocol/frame.h"
#include "protocol/start_message.h"
#include "support/catch.h"
#include "wire/entry.h"

#include <restate/context.h>
#include <restate/json.h>
#include <restate/testing/world.h>

#include <stdexcept>

using namespace restate;
using namespace restate::native;
using namespace std::chrono_literals;

namespace {

/// The failure that a frame carries, read as an invoker reads it.
std::optional<wire::Failure> failure_in(const protocol::Frame& frame) {
  if (frame.type == static_cast<std::uint16_t>(wire::EntryType::kOutput)) {
    const auto content = wire::decode_entry(wire::EntryType::kOutput, frame.payload);
    REQUIRE(content);
    return std::get<wire::Failure>(std::get<wire::OutputEntry>(*content).result);
  }
  if (frame.type == static_cast<std::uint16_t>(protocol::ControlType::kProposeRunCompletion)) {
    const auto message = protocol::decode_propose_run_completion(frame.payload);
    REQUIRE(std::holds_alternative<protocol::ProposeRunCompletion>(message));
    return std::get<wire::Failure>(std::get<protocol::ProposeRunCompletion>(message).result);
  }
  if (frame.type == static_cast<std::uint16_t>(protocol::ControlType::kError)) {
    const auto message = protocol::decode_error(frame.payload);
    REQUIRE(std::holds_alternative<protocol::ErrorMessage>(message));
    return wire::Failure{0, std::get<protocol::ErrorMessage>(message).message, {}};
  }
  return std::nullopt;
}

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

ByteChain journal(Bytes input = Bytes("x")) {
  protocol::StartMessage start;
  start.known_entries = 1;
  ByteChain chain;
  protocol::append_frame(chain, protocol::ControlType::kStart, encode(start));
  protocol::append_frame(chain, wire::EntryType::kInput,
                         wire::encode_entry(wire::EntryType::kInput, wire::InputEntry{{}, std::move(input)}));
  return chain;
}

ByteChain sleep_done(std::uint32_t id) {
  ByteChain chain;
  protocol::append_frame(chain, wire::EntryType::kSleepCompletion,
                         wire::encode_notification({wire::EntryType::kSleepCompletion,
                                                    wire::CompletionId{id}, wire::Void{}}));
  return chain;
}

const Error kNoText = terminal("no money for \xff", 402, {{"it\xe4m", "\xff"}});

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
    REQUIRE(registry->add(
        Service("S")
            .handler("sleep", sleeper)
            .handler("fail", [](Context&) { return kNoText; })
            .handler("pause", [](Context&) { return paused("\xff"); })
            .handler("throw", [](Context&) { throw std::runtime_error("\xff"); })
            .handler("step", [](Context& ctx) { return ctx.run("pay", [] { return kNoText; }); })
            .handler("weary", [](Context& ctx) {
              return ctx.run("pay", [] { return retry_in(1s, "\xff"); }, {.max_attempts = 1});
            })
            .handler("again", [](Context& ctx) {
              return ctx.run("pay", [] { return retry_in(1s, "\xff"); });
            })
            .handler("number", [](Context&, int number) { return number; })
            .handler("json", [](Context&, const nlohmann::json& json) { return json; })
            .handler("numbers", [](Context&, const std::vector<int>& list) { return list; })));
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

TEST_CASE_METHOD(AttemptFixture, "a failure is text, whatever it was made of", "[native][in-process]") {
  std::vector<wire::Failure> failures;
  std::unique_ptr<invoker::AttemptStream> stream;
  listener.on_frame = [&](const protocol::Frame& frame) {
    const auto failure = failure_in(frame);
    if (!failure) return;
    failures.push_back(*failure);
    if (frame.type != static_cast<std::uint16_t>(protocol::ControlType::kProposeRunCompletion)) return;
    ByteChain chain;
    protocol::append_frame(chain, wire::EntryType::kRunCompletion,
                           wire::encode_notification({wire::EntryType::kRunCompletion,
                                                      wire::CompletionId{1}, *failure}));
    stream->send(std::move(chain));
  };
  const wire::Failure no_money{402, "no money for \uFFFD", {{"it\uFFFDm", "\uFFFD"}}};
  const auto run = [&](const std::string& handler, Bytes input = {}) {
    stream = open(handler, 6);
    stream->send(journal(std::move(input)));
    world.run_until_idle();
    CHECK(listener.ended);
  };

  SECTION("of a handler") {
    run("fail");
    CHECK(failures == std::vector{no_money});
    CHECK(listener.names.back() == "EndMessage");
  }
  SECTION("of a step, which is not run again") {
    run("step");
    CHECK(failures == std::vector{no_money, no_money});
    CHECK(listener.names.back() == "EndMessage");
  }
  SECTION("of a step that was tried often enough") {
    run("weary");
    REQUIRE(failures.size() == 2);
    CHECK(failures[0].message == "unavailable: \uFFFD");
    CHECK(listener.names.back() == "EndMessage");
  }
  SECTION("of an attempt") {
    run(GENERATE(as<std::string>(), "pause", "throw", "again"));
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].message.find("\uFFFD") != std::string::npos);
    CHECK(listener.names.back() == "ErrorMessage");
  }
  SECTION("of an argument") {
    std::string umlauts = "\"";
    for (int i = 0; i < 60; ++i) umlauts += "\u00E4";
    run("number", Bytes(GENERATE_COPY(std::string("\xff"), umlauts + "\"")));
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].code == 400);
    CHECK(listener.names.back() == "EndMessage");
  }
}

TEST_CASE_METHOD(AttemptFixture, "an argument that is nested too deeply is refused",
                 "[native][in-process]") {
  std::optional<wire::Failure> failure;
  listener.on_frame = [&](const protocol::Frame& frame) {
    if (auto one = failure_in(frame)) failure = std::move(one);
  };
  const auto stream = open(GENERATE(as<std::string>(), "number", "json", "numbers"), 6);
  stream->send(journal(Bytes(std::string(100'000, '[') + std::string(100'000, ']'))));
  world.run_until_idle();
  REQUIRE(failure);
  CHECK(failure->code == 400);
  CHECK(listener.names == std::vector<std::string>{"OutputCommandMessage", "EndMessage"});
}
