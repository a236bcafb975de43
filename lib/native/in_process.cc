#include "native/in_process.h"

#include "protocol/exchange.h"

#include <string>
#include <utility>

namespace restate::native {
namespace {

class Stream final : public invoker::AttemptStream, private AttemptSink {
 public:
  Stream(Shard& shard, invoker::AttemptListener& listener) : shard_(shard), listener_(listener) {}

  void refuse(int status) {
    shard_.post(scope_.bind([this, status] {
      listener_.on_head({status, std::nullopt, kServerName, std::nullopt});
    }));
    // Apart, because the listener may drop the stream after the head.
    shard_.post(scope_.bind([this] { listener_.on_end(); }));
  }

  /// The program may serve it any moment: nobody has tried anything until then.
  void refuse_unserved(std::string service) {
    shard_.post(scope_.bind([this, service = std::move(service)] {
      invoker::TransportFailure failure;
      failure.error = {Code::kUnavailable, "this process does not serve '" + service + "' yet"};
      failure.refused = true;
      failure.code = protocol::DocCode::kNone;
      listener_.on_error(failure);
    }));
  }

  void begin(HandlerPool& pool, ServiceRegistryPtr registry, const HandlerDefinition& handler,
             std::uint16_t protocol) {
    AttemptSink& sink = *this;
    attempt_ = std::make_unique<Attempt>(shard_, pool, std::move(registry), handler, protocol, sink);
    shard_.post(scope_.bind([this, protocol] {
      const std::string type = protocol::invocation_content_type(protocol);
      listener_.on_head({200, type, kServerName, std::nullopt});
    }));
  }

  void send(ByteChain chain) override {
    if (!attempt_) return;
    for (Bytes& piece : chain) attempt_->on_data(std::move(piece));
  }
  void close_input() override {
    if (attempt_) attempt_->on_input_end();
  }
  std::size_t unsent_bytes() const override { return 0; }

 private:
  void on_output(Bytes piece) override { listener_.on_data(std::move(piece)); }
  void on_output_end() override { listener_.on_end(); }

  Shard& shard_;
  invoker::AttemptListener& listener_;
  std::unique_ptr<Attempt> attempt_;
  Scope scope_;
};

}  // namespace

std::unique_ptr<invoker::AttemptStream> InProcessClient::open(const schema::Deployment&,
                                                              invoker::AttemptRequest request,
                                                              invoker::AttemptListener& listener) {
  auto stream = std::make_unique<Stream>(shard_, listener);
  const HandlerDefinition* handler = registry_->find(request.target.service, request.target.handler);
  if (registry_->services().count(request.target.service) == 0) {
    stream->refuse_unserved(std::move(request.target.service));
  } else if (handler == nullptr) {
    stream->refuse(404);
  } else if (request.protocol < kNativeMinProtocol || request.protocol > kNativeMaxProtocol) {
    stream->refuse(415);
  } else {
    stream->begin(pool_, registry_, *handler, request.protocol);
  }
  return stream;
}

}  // namespace restate::native
