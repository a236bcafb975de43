#pragma once

/// \file
/// One operator's request about one invocation, from its start to what it is called in HTTP.

#include "worker/client.h"

#include <restate/completion.h>
#include <restate/runtime.h>

#include <list>
#include <memory>
#include <optional>
#include <string>

namespace restate::admin {

enum class OperationKind { kCancel, kKill, kPurge, kPurgeJournal, kPause, kResume, kRestartAsNew };

struct OperationRequest {
  OperationKind kind = OperationKind::kCancel;
  InvocationId invocation;
  worker::DeploymentChoice deployment;  ///< resume and restart
  std::uint32_t from = 0;               ///< restart
};

/// What to answer. A status below 400 is a success.
struct OperationAnswer {
  int status = 200;
  std::string message;
  std::optional<InvocationId> new_invocation;
};

OperationAnswer to_answer(const OperationRequest& request, const worker::OperationReply& reply);

/// Runs operations; asks again with the same id while a partition has no leader, for a while.
class Operations {
 public:
  Operations(Shard& shard, worker::PartitionClient& client, Duration patience);
  ~Operations();

  /// Completes always with an answer, unless the engine closes.
  void run(OperationRequest request, Completion<OperationAnswer> done);

 private:
  class Running;

  Shard& shard_;
  worker::PartitionClient& client_;
  Duration patience_;
  std::list<std::unique_ptr<Running>> running_;
  Scope scope_;
};

}  // namespace restate::admin
