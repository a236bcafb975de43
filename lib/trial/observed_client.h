#pragma once

/// \file
/// The way from the engine to the handlers of a trial: every frame that passes is written into the
/// trial's story, and may be the last one before a crash.

#include "invoker/deployment_client.h"
#include "native/in_process.h"
#include "trial/trial_state.h"

#include <memory>

namespace restate::testing {

class ObservedClient final : public invoker::DeploymentClient {
 public:
  /// All outlive the client.
  ObservedClient(Shard& shard, TrialState& trial, Crasher& crasher,
                 native::ServiceRegistryPtr registry);

  std::unique_ptr<invoker::AttemptStream> open(const schema::Deployment& deployment,
                                               invoker::AttemptRequest request,
                                               invoker::AttemptListener& listener) override;

 private:
  class Stream;
  TrialState& trial_;
  Crasher& crasher_;
  native::InProcessClient inner_;
};

}  // namespace restate::testing
