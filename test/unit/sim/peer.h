#pragma once

#include <restate/testing/world.h>

#include "support/catch.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restate::test {

/// One end of a stream that remembers what it heard.
class Peer final : public StreamListener {
 public:
  explicit Peer(std::unique_ptr<Stream> given) : stream(std::move(given)) { stream->start(*this); }

  void on_data(std::string_view data) override {
    received.append(data);
    pieces.push_back(data.size());
    if (echo) stream->write({Bytes(data)});
  }
  void on_end() override { ended = true; }
  void on_error(const Error& failure) override { error = failure; }
  void on_drained() override { ++drained; }

  std::unique_ptr<Stream> stream;
  std::string received;
  std::vector<std::size_t> pieces;
  bool echo = false;
  bool ended = false;
  int drained = 0;
  std::optional<Error> error;
};

/// A client on one node, connected to a server on another.
struct Pair {
  Pair(testing::World& world, testing::Node& from, testing::Node& to)
      : address{.host = to.host(), .port = 80} {
    auto listening = to.shard(0).network().listen(address, [this](std::unique_ptr<Stream> stream) {
      server = std::make_unique<Peer>(std::move(stream));
    });
    REQUIRE(listening);
    listener = std::move(*listening);
    connecting = from.shard(0).network().connect(
        address, std::chrono::seconds(10), [this](Result<std::unique_ptr<Stream>> stream) {
          REQUIRE(stream);
          client = std::make_unique<Peer>(std::move(*stream));
        });
    REQUIRE(world.run_until([this] { return server && client; }));
    connecting.reset();
  }

  Address address;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connecting> connecting;
  std::unique_ptr<Peer> server;
  std::unique_ptr<Peer> client;
};

inline std::string pattern(std::size_t size, unsigned seed) {
  std::string text(size, '\0');
  for (char& c : text) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return text;
}

}  // namespace restate::test
