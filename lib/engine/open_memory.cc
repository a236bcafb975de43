#include "engine/disk.h"

namespace restate::engine {

Disk open_memory() {
  Disk disk;
  disk.memory = std::make_unique<storage::MemoryDisk>();
  disk.metadata = storage::open_memory_durable_space(*disk.memory, "metadata");
  disk.logs = std::make_unique<storage::MemoryLogStore>(*disk.memory);
  disk.tables = std::make_unique<storage::MemoryStore>(*disk.memory);
  return disk;
}

}  // namespace restate::engine
