#pragma once

/// \file
/// A stream to somebody behind a proxy: first the words with the proxy (CONNECT), then whatever its
/// owner says, TLS included.

#include <restate/runtime.h>

#include "http/machine/http1_reader.h"
#include "http/proxy.h"

#include <memory>
#include <optional>
#include <string>

namespace restate::http {

class TunnelStream final : public Stream, private StreamListener, private Http1Listener {
 public:
  /// `below` leads to the proxy, and is fresh. `authority` is the other end, always with a port.
  TunnelStream(Shard& shard, std::unique_ptr<Stream> below, const Proxy& proxy,
               std::string authority);

  /// Completes in a later task, and not at all once this is destroyed.
  /// - `kUnavailable`: the proxy refused, or went away; says its status.
  void open(Function<void(Result<void>)> done);

  void start(StreamListener& listener) override;
  void write(ByteChain chain) override { below_->write(std::move(chain)); }
  std::size_t unsent_bytes() const override { return below_->unsent_bytes(); }
  void pause() override;
  void resume() override;
  void shutdown_write() override { below_->shutdown_write(); }
  std::string peer() const override { return below_->peer(); }

 private:
  void on_data(std::string_view data) override;
  void on_end() override;
  void on_error(const Error& error) override;
  void on_drained() override;

  bool on_head() override { return true; }
  void on_body(std::string_view) override {}
  bool on_message_end() override { return reader_.status() >= 200; }

  void finish(Result<void> result);
  void deliver_early();

  Shard& shard_;
  std::unique_ptr<Stream> below_;
  const Proxy proxy_;
  const std::string authority_;
  Http1Reader reader_;
  Function<void(Result<void>)> done_;
  StreamListener* listener_ = nullptr;
  std::string early_;  ///< what came behind the proxy's answer, before anybody listened
  bool paused_ = false;
  bool early_end_ = false;
  std::optional<Error> early_error_;
  Scope scope_;
};

}  // namespace restate::http
