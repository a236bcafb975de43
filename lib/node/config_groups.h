#pragma once

/// \file
/// The configuration keys by subject. Each function adds those of its own; a key that is read later
/// overrides one that sets the same thing.

#include "node/config_table.h"

namespace restate::node {

/// Sockets and what is told of them.
void add_listener_keys(ConfigTable& table, Config& config);
/// How deployments are reached.
void add_client_keys(ConfigTable& table, Config& config);
/// Clusters to consume from, and what consuming may hold.
void add_kafka_keys(ConfigTable& table, Config& config);
/// PostgreSQL's protocol.
void add_postgres_keys(ConfigTable& table, Config& config);

}  // namespace restate::node
