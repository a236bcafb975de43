#include "partition/machine/step.h"

namespace restate::partition {

Result<void> on_upsert_schema(const wire::UpsertSchema& command, Step& step) {
  if (command.version <= step.state.schema_version()) return {};
  step.state.set_schema({command.version, command.schema});
  step.emit(SchemaChanged{command.version, command.schema});
  return {};
}

}  // namespace restate::partition
