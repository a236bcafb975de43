#include "partition/machine/step.h"
#include "partition/version.h"

namespace restate::partition {

/// Refusing stops the partition here, on this node, until a newer program takes over: nothing of
/// the record is kept, so that one can apply it.
Result<void> on_version_barrier(const wire::VersionBarrier& command, Step& step) {
  const auto required = Version::parse(command.min_version);
  if (!required || kMachineVersion < *required) {
    return Error{Code::kUnsupported, "the log requires version " + command.min_version +
                                         " from here on, this is " + kMachineVersion.str() + ": " +
                                         command.reason};
  }
  for (const std::uint16_t feature : command.features) {
    if (Features::known(feature)) continue;
    return Error{Code::kUnsupported, "the log requires feature " + std::to_string(feature) +
                                         ", which version " + kMachineVersion.str() +
                                         " does not know"};
  }
  const auto& barrier = step.state.barrier();
  const auto passed = barrier ? Version::parse(barrier->min_version) : std::nullopt;
  if (!passed || *passed < *required) {
    step.state.set_barrier({command.min_version, command.reason});
  }
  Features features = step.state.features();
  for (const std::uint16_t feature : command.features) features.add(feature);
  if (!(features == step.state.features())) step.state.set_features(features);
  step.applied.barrier = command;
  return {};
}

}  // namespace restate::partition
