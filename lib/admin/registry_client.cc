#include "admin/registry_client.h"

#include <restate/log.h>

namespace restate::admin {
namespace {

Result<schema::Schema> read(const std::optional<metadata::VersionedValue>& value) {
  if (!value) return schema::Schema{};
  return schema::decode(value->value.view());
}

/// What became of a change, outside of the store, which knows only bytes.
struct Attempt {
  RegistryClient::Change change;
  std::optional<schema::RegistryError> refused;
};

}  // namespace

RegistryClient::RegistryClient(Shard& shard, metadata::Store& store)
    : shard_(shard), store_(store) {}

void RegistryClient::add_follower(Shard& shard, schema::SchemaCell& cell) {
  followers_.push_back({&shard, &cell});
}

void RegistryClient::start(Completion<void> done) {
  watch_ = store_.watch(kSchemaKey, shard_,
                        [this](metadata::VersionedValue value) { on_document(value); });
  store_.get(kSchemaKey,
             Completion<std::optional<metadata::VersionedValue>>(
                 shard_, scope_.bind([this, done = std::move(done)](
                             Result<std::optional<metadata::VersionedValue>> value) mutable {
                   if (!value) return done(std::move(value).error());
                   auto schema = read(*value);
                   if (!schema) return done(std::move(schema).error());
                   publish(schema::snapshot(std::move(*schema)),
                           [done = std::move(done)]() mutable { done({}); });
                 })));
}

void RegistryClient::on_document(const metadata::VersionedValue& value) {
  auto schema = schema::decode(value.value.view());
  if (!schema) {
    // The registry we have still works; a newer server may have written what we cannot read.
    shard_.log().error("admin", "the schema document cannot be read",
                       {{"error", schema.error().describe()}});
    return;
  }
  publish(schema::snapshot(std::move(*schema)), [] {});
}

void RegistryClient::publish(schema::SchemaPtr schema, Task then) {
  cell_.set(schema);
  if (followers_.empty()) return then();
  // The task travels with the count, so that it dies with the last acknowledgement at the latest.
  struct Round {
    std::size_t missing;
    Task then;
  };
  auto round = std::make_shared<Round>(Round{followers_.size(), std::move(then)});
  for (const Follower& follower : followers_) {
    follower.shard->post_remote([home = &shard_, cell = follower.cell, schema, round] {
      cell->set(schema);
      home->post_remote([round] {
        if (--round->missing == 0) round->then();
      });
    });
  }
}

void RegistryClient::change(Change change, Completion<Changed> done) {
  auto attempt = std::make_shared<Attempt>(Attempt{std::move(change), std::nullopt});
  metadata::read_modify_write(
      store_, shard_, kSchemaKey,
      [attempt](const std::optional<metadata::VersionedValue>& value)
          -> Result<std::optional<Bytes>> {
        attempt->refused.reset();
        RESTATE_TRY(const schema::Schema before, read(value));
        auto after = attempt->change(before);
        if (!after) {
          attempt->refused = after.error();
          return std::optional<Bytes>();
        }
        if (*after == before) return std::optional<Bytes>();
        return std::optional<Bytes>(Bytes(schema::encode(*after)));
      },
      Completion<std::optional<metadata::VersionedValue>>(
          shard_, scope_.bind([this, attempt, done = std::move(done)](
                                  Result<std::optional<metadata::VersionedValue>> value) mutable {
            if (!value) return done(std::move(value).error());
            if (attempt->refused) return done(Changed(*attempt->refused));
            auto schema = read(*value);
            if (!schema) return done(std::move(schema).error());
            schema::SchemaPtr in_force = schema::snapshot(std::move(*schema));
            publish(in_force, [in_force, done = std::move(done)]() mutable {
              done(Changed(std::move(in_force)));
            });
          })));
}

}  // namespace restate::admin
