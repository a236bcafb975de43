#pragma once

/// \file
/// One request from the moment it needs more than its head: it collects the body, asks the
/// partition, asks again while there is no leader, and answers. The server owns it; when the client
/// goes away it dies, while what it has started goes on.

#include "common/memory_pool.h"
#include "http/server.h"
#include "ingress/answer.h"
#include "ingress/invoke_request.h"
#include "ingress/metrics.h"
#include "ingress/options.h"
#include "ingress/respond.h"
#include "schema/source.h"
#include "worker/client.h"

#include <restate/runtime.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace restate::ingress {

/// What all exchanges of a shard share.
struct Context {
  Shard& shard;
  const IngressOptions& options;
  worker::PartitionClient& client;
  schema::SchemaSource& schemas;
  std::size_t in_flight = 0;
  bool closing = false;  ///< the partitions go as well: nobody need be told who has left
  IngressMetrics metrics = {};
};

/// Wait for, or look at, the result of an invocation.
struct ResultRequest {
  ResultMode mode = ResultMode::kAttach;
  std::optional<InvocationId> invocation;  ///< nothing: the body says
};
struct LookupRequest {};
struct AwakeableRequest {
  InvocationId invocation;
  std::uint32_t signal = 0;
  bool known = true;  ///< false: an id of old; there is nobody to tell
  bool resolve = true;
};

using Work = std::variant<InvokeRequest, ResultRequest, LookupRequest, AwakeableRequest>;

class Exchange final : public http::ServerRequest {
 public:
  /// `body`: on the first bytes of the body. It grows as more of them come; without room for them
  /// the request is refused.
  Exchange(Context& context, http::ServerStream& stream, Asked asked, Work work, Lease body = {});
  ~Exchange() override;

  void on_body(Bytes data) override;
  void on_body_end() override;
  void on_body_error(const Error& error) override;
  void on_closed() override {}

 private:
  /// The work, now that the body is there.
  void start(InvokeRequest& request);
  void start(ResultRequest& request);
  void start(LookupRequest& request);
  void start(AwakeableRequest& request);

  void send_invocation();
  /// After the invocation has become durable: its argument is not needed any more.
  void send_attach();
  void on_stored();
  void send_result_request();
  void send_signal();
  void on_invoked(Result<worker::InvokeReply> reply);
  void on_result(Result<worker::OutputReply> reply);

  /// The partition knows the request, or does not any more.
  void waits(const InvocationId& invocation) { waits_for_ = invocation; }
  /// Repeats `again` after a while, if the error allows that; else answers 503, or
  /// 413 for what no record can hold.
  void retry_or_fail(const Error& error, bool may_repeat, void (Exchange::*again)());
  void answer(Answer answer);
  void refuse(Refusal refusal) { answer(ingress::refuse(refusal)); }
  void drop_body();
  Bytes take_body();

  Context& context_;
  http::ServerStream& stream_;
  Asked asked_;
  Work work_;
  ByteChain chunks_;
  std::string small_;  ///< small pieces that follow them, put together
  std::size_t body_size_ = 0;
  Lease body_;
  bool answered_ = false;
  bool stored_ = false;  ///< the invocation is in the log
  std::optional<InvocationId> waits_for_;

  RequestId request_;
  wire::ServiceInvocation invocation_;  ///< kept for another try
  wire::NotifySignal signal_;
  std::uint32_t tries_ = 0;
  void (Exchange::*again_)() = nullptr;
  std::unique_ptr<Timer> retry_timer_;
  Scope scope_;
};

}  // namespace restate::ingress
