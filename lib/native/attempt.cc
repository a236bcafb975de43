#include "native/attempt.h"

#include "native/session.h"

#include <utility>

namespace restate::native {

/// The way from the handler's thread back to the shard. Outlives both ends: what arrives after the
/// attempt is gone is dropped on the shard.
class Attempt::Outlet final : public SessionOutput, public std::enable_shared_from_this<Outlet> {
 public:
  Outlet(Shard& shard, AttemptSink& sink) : shard_(shard), sink_(&sink) {}

  void write(ByteChain chain, bool last) override {
    shard_.post_remote([self = shared_from_this(), chain = std::move(chain), last]() mutable {
      // Asked each time: the sink may have died of what it was given.
      for (Bytes& piece : chain) {
        if (self->sink_ != nullptr) self->sink_->on_output(std::move(piece));
      }
      if (self->sink_ != nullptr && last) self->sink_->on_output_end();
    });
  }
  WallTime wall_now() override { return shard_.wall_now(); }
  Logger& log() override { return shard_.log(); }

  /// On the shard: nobody listens any more.
  void close() { sink_ = nullptr; }

 private:
  Shard& shard_;
  AttemptSink* sink_;  ///< shard thread only
};

Attempt::Attempt(Shard& shard, HandlerPool& pool, ServiceRegistryPtr registry,
                 const HandlerDefinition& handler, std::uint16_t protocol, AttemptSink& sink,
                 std::vector<wire::Header> headers)
    : pool_(pool),
      registry_(std::move(registry)),
      handler_(handler),
      headers_(std::move(headers)),
      sink_(sink),
      outlet_(std::make_shared<Outlet>(shard, sink)),
      vm_(std::make_unique<Vm>(protocol)) {}

Attempt::~Attempt() {
  outlet_->close();
  if (mailbox_) mailbox_->put({HandlerEvent::Kind::kAbandon, {}});
}

void Attempt::on_data(Bytes data) {
  if (mailbox_) {
    mailbox_->put({HandlerEvent::Kind::kData, std::move(data)});
    return;
  }
  if (!vm_) return;
  vm_->feed(std::move(data));
  start_if_ready();
}

void Attempt::on_input_end() {
  if (mailbox_) {
    mailbox_->put({HandlerEvent::Kind::kInputEnd, {}});
    return;
  }
  if (!vm_) return;
  vm_->close_input();
  start_if_ready();
}

void Attempt::start_if_ready() {
  if (vm_->closed()) {
    outlet_->write(vm_->take_output(), true);
    vm_.reset();
    return;
  }
  if (!vm_->ready()) return;
  mailbox_ = pool_.run([vm = std::move(vm_), outlet = outlet_, registry = registry_,
                        &handler = handler_, headers = std::move(headers_)](Mailbox& mailbox) mutable {
    AttemptInfo info{handler.service, handler.name, std::move(headers)};
    HandlerSession(*vm, mailbox, *outlet, std::move(info)).run(handler.function);
  });
}

}  // namespace restate::native
