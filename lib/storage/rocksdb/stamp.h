#pragma once

/// \file
/// The file FORMAT beside the database says whose directory this is, and in which version.

#include <restate/result.h>
#include <restate/storage/store.h>

#include <rocksdb/env.h>

#include <optional>
#include <string>

namespace restate::storage {

/// Checks the stamp of a directory. True: it is new, created if it was missing, and `stamp_new` is to
/// follow before there is a row in its database. What a database leaves behind whose making was cut
/// short, so that it has no stamp and no rows, is removed. Touches nothing of a directory that is not
/// ours or too new.
/// - `kAlreadyExists`: somebody makes a database there now.
Result<bool> check_stamp(rocksdb::Env& env, const std::string& directory);

/// Makes the names in the directory durable.
Result<void> sync_names(rocksdb::Env& env, const std::string& directory);

/// Stamps a new directory, with its owner if that is known: from here on the database counts.
Result<void> stamp_new(rocksdb::Env& env, const std::string& directory,
                       const std::optional<StoreOwner>& owner);

/// Notes the owner in the stamp of a directory that has none yet, or compares it.
Result<void> claim_stamp(rocksdb::Env& env, const std::string& directory, const StoreOwner& owner);

}  // namespace restate::storage
