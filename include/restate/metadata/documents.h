#pragma once

/// \file
/// The documents of the metadata store, each a plain value with pure functions for its operations
/// (docs/formats/metadata.md). The chains of logs are `bifrost::Logs`, in bifrost/logs.h.

#include <restate/metadata/epoch_metadata.h>       // IWYU pragma: export
#include <restate/metadata/nodes_configuration.h>  // IWYU pragma: export
#include <restate/metadata/partition_table.h>      // IWYU pragma: export
