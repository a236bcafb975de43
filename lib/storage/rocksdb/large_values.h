#pragma once

/// \file
/// The space of large values that are no longer there.
///
/// Large values lie in files of their own, which a compaction leaves alone. RocksDB deletes such a
/// file when nothing in it is alive; to empty one that is partly alive it must be told. Its own rule
/// (a share of the oldest files, at every compaction) moves values that nothing replaced, over and
/// over. Ours moves them when that pays: half of what lies there is garbage.

#include "storage/rocksdb/database.h"

namespace restate::storage {

/// Turns the collection of a family's garbage on or off, by how much of it there is. Blocks for the
/// writing of a small file when that changes; the collection itself runs in the background. `memory`
/// is the store's budget: garbage of less than that is left where it is. Does nothing while another
/// call for this family runs; to be called without the database's mutex, since it may take as long
/// as the disk likes.
rocksdb::Status collect_garbage(Family& family, std::size_t memory);

}  // namespace restate::storage
