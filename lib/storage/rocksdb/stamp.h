#pragma once

/// \file
/// The file FORMAT beside the database says whose directory this is, and in which version.

#include <restate/result.h>
#include <restate/storage/store.h>

#include <rocksdb/env.h>

#include <string>

namespace restate::storage {

/// Creates and stamps a new directory, or checks the stamp of an old one. Touches nothing of a
/// directory that is not ours or too new.
Result<void> check_stamp(rocksdb::Env& env, const std::string& directory);

/// Notes the owner in the stamp of a directory that has none yet, or compares it.
Result<void> claim_stamp(rocksdb::Env& env, const std::string& directory, const StoreOwner& owner);

}  // namespace restate::storage
