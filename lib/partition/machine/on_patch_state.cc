#include "partition/machine/object.h"

namespace restate::partition {

Result<void> on_patch_state(const wire::PatchState& command, Step& step) {
  const ObjectKey object(command.key, command.target);
  const StateMutation mutation{command.expected_version, command.state};
  switch (command.target.type) {
    case wire::ServiceType::kVirtualObject:
      return mutate(object, mutation, step);
    case wire::ServiceType::kWorkflow:
      return apply_mutation(object, mutation, step);  // workflows have no lock to wait for
    case wire::ServiceType::kService:
      return {};  // services have no state
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::partition
