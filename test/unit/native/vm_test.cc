#include "native/vm.h"

#include "protocol/frame.h"
#include "support/catch.h"
#include "wire/entry.h"

using namespace restate;
using namespace restate::native;

namespace {

std::string stream(std::uint32_t known_entries, bool with_input = true) {
  protocol::StartMessage start;
  start.known_entries = known_entries;
  ByteChain chain;
  protocol::append_frame(chain, protocol::ControlType::kStart, encode(start));
  if (with_input) {
    protocol::append_frame(chain, wire::EntryType::kInput,
                           wire::encode_entry(wire::EntryType::kInput, wire::InputEntry{{}, Bytes("in")}));
  }
  return join(chain);
}

std::string frame(std::uint16_t type, Bytes payload = {}) {
  ByteChain chain;
  protocol::append_frame(chain, type, std::move(payload));
  return join(chain);
}

std::optional<protocol::ErrorMessage> error_in(ByteChain output) {
  protocol::FrameDecoder decoder(1 << 20);
  for (Bytes& piece : output) decoder.feed(std::move(piece));
  protocol::Frame found;
  while (decoder.next(found) == protocol::FrameDecoder::Step::kFrame) {
    if (found.type == 0x0002) return std::get<protocol::ErrorMessage>(protocol::decode_error(found.payload));
  }
  return {};
}

void check_violation(Vm& vm) {
  CHECK(vm.closed());
  const auto error = error_in(vm.take_output());
  REQUIRE(error);
  CHECK(error->code == 571);
}

}  // namespace

TEST_CASE("a journal may come in any pieces", "[native][vm]") {
  const std::string bytes = stream(1);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Vm vm(6);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      CHECK_FALSE(vm.ready());
      vm.feed(Bytes(bytes.substr(at, piece)));
    }
    REQUIRE(vm.ready());
    CHECK(vm.input().value == Bytes("in"));
  }
}

TEST_CASE("what breaks the protocol ends the attempt and says so", "[native][vm]") {
  Vm vm(6);
  SECTION("no Start") { vm.feed(Bytes(frame(0x0400))); }
  SECTION("an empty journal") { vm.feed(Bytes(stream(0))); }
  SECTION("a journal without an input") {
    vm.feed(Bytes(stream(1, false)));
    vm.feed(Bytes(frame(0x0405)));
  }
  SECTION("a control message within the journal") {
    vm.feed(Bytes(stream(2)));
    vm.feed(Bytes(frame(0x0004)));
  }
  SECTION("an end within the journal") {
    vm.feed(Bytes(stream(2)));
    vm.close_input();
  }
  SECTION("an end before anything") { vm.close_input(); }
  SECTION("a command after the journal") {
    vm.feed(Bytes(stream(1)));
    vm.feed(Bytes(frame(0x0405)));
  }
  SECTION("a type nobody knows") {
    vm.feed(Bytes(stream(1)));
    vm.feed(Bytes(frame(0x8001)));
  }
  SECTION("an acknowledgement of nothing") {
    vm.feed(Bytes(stream(1)));
    vm.feed(Bytes(frame(0x0007, protocol::encode_ack(9))));
  }
  SECTION("a notification that is none") {
    vm.feed(Bytes(stream(1)));
    vm.feed(Bytes(frame(0x800C, Bytes("x"))));
  }
  SECTION("a frame of four gigabytes") {
    vm.feed(Bytes(std::string_view("\x04\x00\x00\x00\xff\xff\xff\xff", 8)));
  }
  check_violation(vm);
  vm.feed(Bytes(stream(1)));  // ignored
  CHECK(vm.take_output().empty());
}

TEST_CASE("acknowledgements of commands are no news", "[native][vm]") {
  Vm vm(6);
  vm.feed(Bytes(stream(1)));
  vm.feed(Bytes(frame(0x0004, protocol::encode_ack(1))));
  CHECK_FALSE(vm.closed());
}

TEST_CASE("an evicted handler suspends where it waits", "[native][vm]") {
  Vm vm(6);
  vm.feed(Bytes(stream(1)));
  const auto sleep = vm.sleep(WallTime{1}, "");
  REQUIRE(sleep);
  const Await await{wire::Combinator::kFirstCompleted, {*sleep}};
  OpenAwait open(await, vm);
  CHECK(vm.progress(open) == Progress::kWaiting);
  vm.evict();
  CHECK_FALSE(vm.closed());  // it may be busy with something else
  CHECK(vm.progress(open) == Progress::kClosed);
  CHECK(vm.closed());
  CHECK_FALSE(vm.take_output().empty());
}

TEST_CASE("an abandoned attempt says nothing more", "[native][vm]") {
  Vm vm(6);
  vm.feed(Bytes(stream(1)));
  REQUIRE(vm.sleep(WallTime{1}, ""));
  vm.abandon();
  CHECK(vm.take_output().empty());
  CHECK(vm.sleep(WallTime{1}, "") == Code::kSuspended);
  vm.end(Bytes("late"));
  CHECK(vm.take_output().empty());
}
