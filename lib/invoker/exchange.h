#pragma once

/// \file
/// The stream of an attempt, which may outlive it: after its last word an endpoint still has to end
/// the response, and neither the invocation waits for that nor is the stream torn down meanwhile.

#include "invoker/deadlines.h"
#include "invoker/deployment_client.h"

#include <restate/log.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace restate::invoker {

class LingeringExchanges;

/// Passes everything on to its owner until it is let go.
class Exchange final : public AttemptListener, public DeadlineListener {
 public:
  /// All outlive the exchange; the owner until it lets go.
  Exchange(Deadlines& deadlines, Logger& log, AttemptListener& owner)
      : owner_(&owner), deadlines_(deadlines), log_(log), deadline_(*this) {}

  void open(DeploymentClient& client, const schema::Deployment& deployment,
            AttemptRequest request) {
    invocation_ = request.invocation;
    stream_ = client.open(deployment, std::move(request), *this);
  }
  AttemptStream& stream() { return *stream_; }
  /// The endpoint said something after its last word. It is told once, and ignored.
  void warn_of_more(std::size_t bytes);

  void on_head(const protocol::ResponseHeadView& head) override;
  void on_data(Bytes data) override;
  void on_end() override;
  void on_error(const TransportFailure& failure) override;
  void on_drained() override;
  void on_deadline() override;

 private:
  friend class LingeringExchanges;
  AttemptListener* owner_;
  Deadlines& deadlines_;
  Logger& log_;
  InvocationId invocation_;
  bool warned_ = false;
  Deadline deadline_;
  LingeringExchanges* lingering_ = nullptr;
  std::size_t index_ = 0;
  std::unique_ptr<AttemptStream> stream_;
};

/// Exchanges without an owner, until their end or for `kDrainTimeout`.
class LingeringExchanges {
 public:
  LingeringExchanges() = default;
  LingeringExchanges(const LingeringExchanges&) = delete;
  LingeringExchanges& operator=(const LingeringExchanges&) = delete;

  void take(std::unique_ptr<Exchange> exchange);
  std::size_t size() const { return exchanges_.size(); }

 private:
  friend class Exchange;
  void drop(Exchange& exchange);

  std::vector<std::unique_ptr<Exchange>> exchanges_;
};

}  // namespace restate::invoker
