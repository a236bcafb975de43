#pragma once

/// \file
/// A few rows that must survive by themselves: metadata and, later, the log of its consensus.

#include <restate/function.h>
#include <restate/storage/store.h>

#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace restate::storage {

class FileLayer;

/// Opens the rows in `directory`, creating it when it is new. They are held in memory; each write
/// is appended to a journal and synced, and the journal is rewritten when it has grown beyond
/// reason (docs/formats/storage.md). Use it on one thread at a time. `files` outlives the space;
/// null is the real disk. `on_failure` is called once, by the write that the disk refused: every
/// later one answers `kFailed`.
/// - `kAlreadyExists`: another engine has it open.
/// - `kFailedPrecondition`: the directory holds something else.
/// - `kUnsupported`: a newer version wrote it; nothing was touched.
/// - `kCorrupt`: a write in the middle of the journal is damaged.
Result<std::unique_ptr<DurableSpace>> open_durable_space(const std::string& directory,
                                                         FileLayer* files = nullptr,
                                                         Function<void(const Error&)> on_failure = {});

}  // namespace restate::storage

#pragma GCC visibility pop
