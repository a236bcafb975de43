#pragma once

#include <restate/uv/runtime.h>

#include "support/catch.h"

#include <uv.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace restate::test {

/// A host's loop with a shard on it, run by the test: sockets are real, threads are none.
class HostLoop {
 public:
  HostLoop() {
    std::signal(SIGPIPE, SIG_IGN);  // as every host with sockets does
    uv_loop_init(&loop_);
    attached_.emplace(&loop_);
  }
  ~HostLoop() {
    attached_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
  }
  Shard& shard() { return attached_->shard(); }
  Network& network() { return shard().network(); }
  uv::Attached& attached() { return *attached_; }
  uv_loop_t* loop() { return &loop_; }

  void run_until(Function<bool()> condition) {
    while (!condition()) REQUIRE(uv_run(&loop_, UV_RUN_ONCE) != 0);
  }

 private:
  uv_loop_t loop_;
  std::optional<uv::Attached> attached_;
};

/// One end of a stream that remembers what it heard.
class Peer final : public StreamListener {
 public:
  explicit Peer(std::unique_ptr<Stream> given) : stream(std::move(given)) { stream->start(*this); }

  void on_data(std::string_view data) override {
    received.append(data);
    if (echo) stream->write({Bytes(data)});
  }
  void on_end() override {
    ended = true;
    if (echo) stream->shutdown_write();
  }
  void on_error(const Error& failure) override { error = failure; }
  void on_drained() override { ++drained; }

  std::unique_ptr<Stream> stream;
  std::string received;
  bool echo = false;
  bool ended = false;
  int drained = 0;
  std::optional<Error> error;
};

/// Two connected ends on one loop.
struct Pair {
  explicit Pair(HostLoop& host, const Address& at = {.host = "127.0.0.1"}) {
    auto listening = host.network().listen(at, [this](std::unique_ptr<Stream> stream) {
      server = std::make_unique<Peer>(std::move(stream));
    });
    REQUIRE(listening);
    listener = std::move(*listening);
    connecting = host.network().connect(listener->address(), std::chrono::seconds(30),
                                        [this](Result<std::unique_ptr<Stream>> stream) {
                                          REQUIRE(stream);
                                          client = std::make_unique<Peer>(std::move(*stream));
                                        });
    host.run_until([this] { return server && client; });
  }

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
