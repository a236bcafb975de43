#pragma once

/// \file
/// A stream that may change its listener once: from whoever reads a client's first words to TLS, if
/// those words ask for it.

#include <restate/runtime.h>

#include <memory>
#include <utility>

namespace restate::query::pg {

class RelayStream final : public Stream, private StreamListener {
 public:
  explicit RelayStream(std::unique_ptr<Stream> below) : below_(std::move(below)) {}

  /// A second call hands the stream over.
  void start(StreamListener& listener) override {
    const bool first = listener_ == nullptr;
    listener_ = &listener;
    if (first) below_->start(*this);
  }
  void write(ByteChain chain) override { below_->write(std::move(chain)); }
  std::size_t unsent_bytes() const override { return below_->unsent_bytes(); }
  void pause() override { below_->pause(); }
  void resume() override { below_->resume(); }
  void shutdown_write() override { below_->shutdown_write(); }
  std::string peer() const override { return below_->peer(); }

 private:
  void on_data(std::string_view data) override { listener_->on_data(data); }
  void on_end() override { listener_->on_end(); }
  void on_error(const Error& error) override { listener_->on_error(error); }
  void on_drained() override { listener_->on_drained(); }

  std::unique_ptr<Stream> below_;
  StreamListener* listener_ = nullptr;
};

}  // namespace restate::query::pg
