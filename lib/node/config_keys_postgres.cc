// Keys of PostgreSQL's protocol (docs/postgres.md).

#include "node/config_groups.h"
#include "runtime/address.h"

namespace restate::node {

void add_postgres_keys(ConfigTable& table, Config& config) {
  PostgresConfig& postgres = config.postgres;
  const std::string prefix = "admin.query-engine.postgres.";
  table.flag(prefix + "enabled", postgres.enabled);
  table.add(prefix + "bind-address",
            [&postgres](const nlohmann::json& value) -> Result<void> {
              RESTATE_TRY(auto address, text_of(value));
              RESTATE_TRY_VOID(parse_address(address));
              postgres.bind_address = std::move(address);
              return {};
            },
            [&postgres] { return toml_text(postgres.bind_address); });
  table.secret(prefix + "password", postgres.password);
  table.text(prefix + "tls-cert", postgres.certificate_file);
  table.text(prefix + "tls-key", postgres.key_file);
}

}  // namespace restate::node
