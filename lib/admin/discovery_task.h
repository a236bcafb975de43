#pragma once

/// \file
/// One discovery with its tries, whatever the way to the endpoint.

#include "admin/discoverer.h"

#include <restate/runtime.h>

#include <memory>
#include <string>
#include <vector>

namespace restate::admin {

class DiscoveryTask {
 public:
  /// `finished` is called after the outcome is told; the task may be destroyed in a later task.
  DiscoveryTask(Shard& shard, const DiscovererOptions& options, DiscoveryRequest request,
                Completion<DiscoveryOutcome> done, Function<void()> finished);
  virtual ~DiscoveryTask() = default;

  void start();

 protected:
  /// Sends the request once.
  virtual void ask() = 0;
  /// Takes it back, if it is under way.
  virtual void give_up() = 0;

  /// What is sent, in the order of admin-api 5.1.
  std::vector<wire::Header> headers() const;
  const DiscoveryRequest& request() const { return request_; }
  const DiscovererOptions& options() const { return options_; }

  // From the derived task, as the last thing it does: each may lead to `give_up`.
  void on_answer(int status, const std::vector<wire::Header>& headers, std::string_view body,
                 schema::HttpVersion version, protocol::DiscoveryWay way);
  /// `passing`: another try may do better.
  void on_failure(const std::string& why, bool passing,
                  protocol::OtherHttp speaks = protocol::OtherHttp::kNo);

 private:
  void on_timer();
  bool try_again();
  void complete(DiscoveryOutcome outcome);
  /// For messages: `endpoint http://...`, `function arn:...`.
  std::string address() const;

  Shard& shard_;
  const DiscovererOptions& options_;
  const DiscoveryRequest request_;
  Completion<DiscoveryOutcome> done_;
  Function<void()> finished_;
  int tries_ = 0;
  bool waiting_ = false;  ///< for the endpoint, rather than for the next try
  std::unique_ptr<Timer> timer_;
};

}  // namespace restate::admin
