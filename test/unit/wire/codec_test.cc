#include "wire/codec.h"

#include "support/catch.h"

#include <cstdint>
#include <random>
#include <string>

using namespace restate;
using namespace restate::wire;

namespace {

/// Values with everything in them: each optional part present about two times of three.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::uint64_t number() { return random_() >> (random_() % 64); }
  std::uint32_t number32() { return static_cast<std::uint32_t>(number()); }
  bool coin() { return random_() % 3 != 0; }
  std::string text() {
    std::string out;
    for (std::uint64_t n = random_() % 12; n > 0; --n) out.push_back(static_cast<char>(random_()));
    return out;
  }
  Bytes bytes() { return random_() % 5 == 0 ? Bytes(std::string(random_() % 5000, 'x')) : Bytes(text()); }
  Uuid uuid() {
    Uuid uuid;
    for (auto& byte : uuid.bytes) byte = static_cast<std::uint8_t>(random_());
    return uuid;
  }
  InvocationId id() { return {{number()}, uuid()}; }
  RequestId request() { return {uuid()}; }
  template <class Make>
  auto maybe(Make make) {
    return coin() ? std::optional(make()) : std::nullopt;
  }
  std::optional<RequestId> maybe_request() { return maybe([&] { return request(); }); }
  std::optional<std::string> maybe_text() { return maybe([&] { return text(); }); }
  InvocationTarget target() {
    return {static_cast<ServiceType>(random_() % 3), static_cast<HandlerType>(random_() % 4), text(),
            text(), text(), maybe_text()};
  }
  std::vector<Header> headers() {
    std::vector<Header> headers(random_() % 4);
    for (Header& header : headers) header = {text(), text()};
    return headers;
  }
  Failure failure() {
    Failure failure{number32(), text(), {}};
    for (std::uint64_t n = random_() % 3; n > 0; --n) failure.metadata.emplace_back(text(), text());
    return failure;
  }
  ResponseSink sink() {
    if (coin()) return InvocationSink{id(), {number()}, number32()};
    return IngressSink{request()};
  }
  Source source() {
    return {static_cast<Source::Kind>(random_() % 5), maybe_request(), text(),
            maybe([&] { return id(); }), maybe([&] { return target(); })};
  }
  SpanContext span() { return {text(), text()}; }
  Retention retention() { return {number(), number()}; }
  PinnedDeployment pinned() { return {{uuid()}, static_cast<std::uint16_t>(random_())}; }
  JournalEvent event() {
    return {static_cast<JournalEvent::Type>(1 + random_() % 3), bytes()};
  }
  CallInfo call() { return {id(), target(), retention(), span()}; }
  NotificationId notification() {
    switch (random_() % 3) {
      case 0: return CompletionId{number32()};
      case 1: return SignalIndex{number32()};
      default: return SignalName{text()};
    }
  }
  AwaitTree tree(int depth = 0) {
    AwaitTree tree;
    tree.combinator = static_cast<Combinator>(random_() % 5);
    for (std::uint64_t n = random_() % 3; n > 0; --n) tree.leaves.push_back(notification());
    if (depth < 4) {
      for (std::uint64_t n = random_() % 3; n > 0; --n) tree.nested.push_back(this->tree(depth + 1));
    }
    return tree;
  }
  std::variant<Void, Bytes, Failure> outcome() {
    switch (random_() % 3) {
      case 0: return Void{};
      case 1: return bytes();
      default: return failure();
    }
  }
  ServiceInvocation invocation() {
    ServiceInvocation i;
    i.id = id();
    i.target = target();
    i.argument = bytes();
    i.source = source();
    i.span = span();
    i.headers = headers();
    i.execution_time = maybe([&] { return WallTime{number()}; });
    i.retention = retention();
    i.idempotency_key = maybe_text();
    i.limit_key = text();
    i.response_sink = maybe([&] { return sink(); });
    i.submit_notification = maybe_request();
    i.created_by = text();
    return i;
  }
  EntryType entry_type() {
    for (;;) {
      const auto code = static_cast<std::uint16_t>(random_() % 2 == 0 ? 0x0400 + random_() % 0x15
                                                                     : 0x8000 + random_() % 0x14);
      if (is_known_entry(code)) return static_cast<EntryType>(code);
    }
  }
  Effect effect() {
    switch (random_() % 8) {
      case 0: return Pinned{pinned()};
      case 1:
        return NewEntry{entry_type(), bytes(), maybe([&] { return call(); }),
                        maybe([&] { return number32(); }), coin()};
      case 2: return NewEvent{event()};
      case 3: return Suspended{tree(), number32()};
      case 4: return Paused{maybe([&] { return event(); })};
      case 5:
        return Yielded{text(), static_cast<Yielded::Kind>(random_() % 5),
                       maybe([&] { return event(); }), maybe([&] { return WallTime{number()}; }),
                       {number(), number(), number32(), number32()}};
      case 6: return Ended{};
      default: return Failed{failure()};
    }
  }
  Dedup dedup() {
    switch (random_() % 4) {
      case 0: return NoDedup{};
      case 1: return SelfDedup{{number()}, number()};
      case 2: return PartitionDedup{{static_cast<std::uint16_t>(random_())}, number()};
      default: return ProducerDedup{uuid(), number()};
    }
  }
  Command command(std::size_t which) {
    switch (which) {
      case 0:
        return AnnounceLeader{{{number32()}, number32()}, {number()},
                              maybe([&] { return KeyRange{number(), number()}; }), number()};
      case 1: return VersionBarrier{text(), text(), {1, 2, static_cast<std::uint16_t>(random_())}};
      case 2:
        return UpdateDurability{number(), {number()}, maybe([&] {
          return PartitionId{static_cast<std::uint16_t>(random_())};
        })};
      case 3: {
        PatchState patch{target(), {number()}, maybe_text(), {}};
        for (std::uint64_t n = random_() % 4; n > 0; --n) patch.state[text()] = bytes();
        return patch;
      }
      case 4:
        return Terminate{id(), coin() ? Terminate::Flavor::kCancel : Terminate::Flavor::kKill,
                         {number()}, maybe_request()};
      case 5: return Purge{id(), {number()}, maybe_request()};
      case 6: return PurgeJournal{id(), {number()}, maybe_request()};
      case 7: return Invoke{invocation()};
      case 8: return TruncateOutbox{number()};
      case 9: return Attach{id(), coin(), sink()};
      case 10: return Resume{id(), maybe([&] { return pinned(); }), maybe_request()};
      case 11:
        return RestartAsNew{id(), id(), number32(), maybe([&] { return DeploymentId{uuid()}; }),
                            maybe_request()};
      case 12: return InvokerEffect{id(), effect(), {number()}};
      case 13:
        return TimerFired{{{number()},
                           coin() ? TimerKind::kCompleteSleep : TimerKind::kStartScheduled, id(),
                           number32()},
                          {number()}};
      case 14: return InvocationResponse{id(), {number()}, number32(), outcome()};
      case 15: {
        NotifySignal signal;
        signal.invocation = id();
        if (coin()) {
          signal.signal = SignalIndex{number32()};
        } else {
          signal.signal = SignalName{text()};
        }
        signal.result = outcome();
        return signal;
      }
      case 16: return UpsertSchema{number(), bytes()};
      case 17: return Pause{id(), maybe_request()};
      case 18: return UpsertRuleBook{number(), bytes()};
      case 19: return QueueDecisions{places(), places()};
      default: return PauseQueue{{{number()}, uuid()}, coin()};
    }
  }
  std::vector<QueuePlace> places() {
    std::vector<QueuePlace> made(random_() % 4);
    for (QueuePlace& place : made) place = {id(), uuid(), {coin(), {number()}, number()}};
    return made;
  }
  OutboxMessage message(std::size_t which) {
    return std::visit(
        [](const auto& c) -> OutboxMessage {
          if constexpr (std::is_constructible_v<OutboxMessage, decltype(c)>) return c;
          FAIL("not a command that is a message, too");
          return {};
        },
        command(which));
  }

 private:
  std::mt19937_64 random_;
};

constexpr std::size_t kCommands = std::variant_size_v<Command>;

}  // namespace

TEST_CASE("every command comes back as it was", "[wire][codec]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Generator make(seed);
    for (std::size_t which = 0; which < kCommands; ++which) {
      const Envelope envelope{make.dedup(), make.command(which)};
      REQUIRE(envelope.command.index() == which);  // the number of the log
      const Bytes bytes = encode(envelope);
      CAPTURE(command_name(envelope.command));
      CHECK(static_cast<std::size_t>(bytes.data()[1]) == which + 1);
      // At any alignment: a record is a slice of something larger.
      std::string padded(1 + seed % 8, '#');
      padded.append(bytes.view());
      const auto again = decode(Bytes(std::move(padded)).slice(1 + seed % 8));
      REQUIRE(again);
      CHECK(*again == envelope);
    }
  }
}

TEST_CASE("payloads of a decoded record are slices of its bytes", "[wire][codec]") {
  Invoke invoke;
  invoke.invocation.argument = Bytes("an argument");
  const Bytes bytes = encode(Envelope{NoDedup{}, invoke});
  const auto again = decode(bytes);
  REQUIRE(again);
  const Bytes& argument = std::get<Invoke>(again->command).invocation.argument;
  CHECK(argument == Bytes("an argument"));
  CHECK(argument.data() > bytes.data());
  CHECK(argument.data() < bytes.data() + bytes.size());
}

TEST_CASE("messages of the outbox come back as they were", "[wire][codec]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Generator make(seed);
    for (const std::size_t which : {7, 14, 4, 9, 15}) {
      const OutboxMessage message = make.message(which);
      const auto again = decode_outbox(encode(message));
      REQUIRE(again);
      CHECK(*again == message);
    }
  }
  CHECK(decode_outbox(encode(Envelope{NoDedup{}, Pause{}})) == Code::kCorrupt);
}

TEST_CASE("a record that is cut short is corrupt", "[wire][codec]") {
  Generator make(42);
  for (std::size_t which = 0; which < kCommands; ++which) {
    const Bytes bytes = encode(Envelope{SelfDedup{{1}, 2}, make.command(which)});
    for (std::size_t size = 0; size < bytes.size(); size += size < 200 ? 1 : 37) {
      CAPTURE(which, size);
      CHECK(decode(bytes.slice(0, size).compact()) == Code::kCorrupt);
    }
  }
}

TEST_CASE("a damaged record is an error or another record, never a crash", "[wire][codec]") {
  Generator make(7);
  std::mt19937_64 random(7);
  for (std::size_t which = 0; which < kCommands; ++which) {
    for (int round = 0; round < 20; ++round) {
      const Bytes bytes = encode(Envelope{make.dedup(), make.command(which)});
      for (int flips = 0; flips < 50; ++flips) {
        std::string damaged = bytes.str();
        for (std::uint64_t n = 1 + random() % 3; n > 0; --n) {
          damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        const auto result = decode(Bytes(std::move(damaged)));
        if (!result) {
          CHECK((result.error().code == Code::kCorrupt ||
                 result.error().code == Code::kUnsupported));
        }
      }
    }
  }
}

TEST_CASE("records of a newer version are told apart from damage", "[wire][codec]") {
  std::string bytes = encode(Envelope{NoDedup{}, TruncateOutbox{5}}).str();
  SECTION("a newer format") {
    bytes[0] = 2;
    CHECK(decode(Bytes(bytes)) == Code::kUnsupported);
  }
  SECTION("a command of the future") {
    bytes[1] = 99;
    CHECK(decode(Bytes(bytes)) == Code::kUnsupported);
  }
  SECTION("zero") {
    bytes[0] = 0;
    CHECK(decode(Bytes(bytes)) == Code::kCorrupt);
  }
}

TEST_CASE("a deep await tree needs no deep flatbuffer", "[wire][codec]") {
  AwaitTree tree;
  tree.leaves.push_back(CompletionId{1});
  for (int depth = 0; depth < 1000; ++depth) {
    AwaitTree parent;
    parent.combinator = Combinator::kAllCompleted;
    parent.nested.push_back(std::move(tree));
    tree = std::move(parent);
  }
  const Envelope envelope{NoDedup{}, InvokerEffect{{}, Suspended{tree, 3}}};
  const auto again = decode(encode(envelope));
  REQUIRE(again);
  CHECK(*again == envelope);
}

TEST_CASE("a record of a million parts is read as it was written", "[wire][codec]") {
  PatchState patch;
  for (int i = 0; i < 1'100'000; ++i) patch.state.emplace(std::to_string(i), Bytes("1"));
  const auto again = decode(encode(Envelope{NoDedup{}, std::move(patch)}));
  REQUIRE(again);
  CHECK(std::get<PatchState>(again->command).state.size() == 1'100'000);
}
