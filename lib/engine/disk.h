#pragma once

/// \file
/// What logs, tables and metadata stand on: the files of a directory, or their twins in memory. Apart
/// from the rest, because a program without files is linked without what writes them.

#include "common/visibility.h"
#include "node/config.h"
#include "worker/copy_store.h"

#include <restate/result.h>
#include <restate/storage/durable_space.h>
#include <restate/storage/log_store.h>
#include <restate/storage/memory.h>
#include <restate/storage/store.h>

#include <functional>
#include <memory>
#include <string>

namespace restate::engine {

/// In the order in which they are opened; they close in the reverse order.
struct Disk {
  std::unique_ptr<storage::MemoryDisk> memory;  ///< of the twins; null: files
  std::unique_ptr<storage::DurableSpace> metadata;
  std::unique_ptr<storage::LogStore> logs;
  std::unique_ptr<storage::Store> tables;
  std::unique_ptr<worker::CopyStore> copies;  ///< of tables; null: none are made
};

Disk open_memory();

/// Opens a directory, or makes it; errors name it. `on_failure` is called on any thread when the disk
/// refuses.
using OpenDisk = Result<Disk> (*)(const std::string& directory, const node::Config& config,
                                  std::function<void(const Error&)> on_failure);

/// The one that there is.
Result<Disk> open_files(const std::string& directory, const node::Config& config,
                        std::function<void(const Error&)> on_failure);

/// What a `DataDir` brings along.
struct RESTATE_HIDDEN Files {
  OpenDisk open;
};

}  // namespace restate::engine
