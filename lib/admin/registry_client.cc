#include "admin/registry_client.h"

#include <restate/log.h>

#include <string>
#include <string_view>

namespace restate::admin {
namespace {

/// How a document is named and stored.
template <class Document>
struct Format;
template <>
struct Format<schema::Schema> {
  static constexpr const char* kKey = kSchemaKey;
  static constexpr std::string_view kName = "the schema document";
  static Result<schema::Schema> decode(std::string_view text) { return schema::decode(text); }
};
template <>
struct Format<schema::RuleBook> {
  static constexpr const char* kKey = kRuleBookKey;
  static constexpr std::string_view kName = "the rule book";
  static Result<schema::RuleBook> decode(std::string_view text) {
    return schema::decode_rule_book(text);
  }
};

template <class Document>
Result<Document> read(const std::optional<metadata::VersionedValue>& value) {
  if (!value) return Document{};
  return Format<Document>::decode(value->value.view());
}

}  // namespace

/// What became of a change, outside of the store, which knows only bytes. Not in the namespace
/// above: callbacks of a class that others see hold it.
template <class Document>
struct DocumentChange {
  typename DocumentClient<Document>::Change change;
  std::optional<schema::RegistryError> refused;
};

template <class Document>
DocumentClient<Document>::DocumentClient(Shard& shard, metadata::Store& store)
    : shard_(shard), store_(store) {}

template <class Document>
void DocumentClient<Document>::add_follower(Shard& shard, schema::Cell<Document>& cell) {
  followers_.push_back({&shard, &cell});
}

template <class Document>
void DocumentClient<Document>::start(Completion<void> done) {
  watch_ = store_.watch(Format<Document>::kKey, shard_,
                        [this](metadata::VersionedValue value) { on_document(value); });
  store_.get(Format<Document>::kKey,
             Completion<std::optional<metadata::VersionedValue>>(
                 shard_, scope_.bind([this, done = std::move(done)](
                             Result<std::optional<metadata::VersionedValue>> value) mutable {
                   if (!value) return done(std::move(value).error());
                   auto document = read<Document>(*value);
                   if (!document) return done(std::move(document).error());
                   publish(schema::snapshot(std::move(*document)),
                           [done = std::move(done)]() mutable { done({}); });
                 })));
}

template <class Document>
void DocumentClient<Document>::on_document(const metadata::VersionedValue& value) {
  auto document = Format<Document>::decode(value.value.view());
  if (!document) {
    // What we have still works; a newer server may have written what we cannot read.
    shard_.log().error("admin", std::string(Format<Document>::kName) + " cannot be read",
                       {{"error", document.error().describe()}});
    return;
  }
  publish(schema::snapshot(std::move(*document)), [] {});
}

template <class Document>
void DocumentClient<Document>::publish(Snapshot document, Task then) {
  cell_.set(document);
  if (followers_.empty()) return then();
  // The task travels with the count, so that it dies with the last acknowledgement at the latest.
  struct Round {
    std::size_t missing;
    Task then;
  };
  auto round = std::make_shared<Round>(Round{followers_.size(), std::move(then)});
  for (const Follower& follower : followers_) {
    follower.shard->post_remote([home = &shard_, cell = follower.cell, document, round] {
      cell->set(document);
      home->post_remote([round] {
        if (--round->missing == 0) round->then();
      });
    });
  }
}

template <class Document>
void DocumentClient<Document>::change(Change change, Completion<Changed> done) {
  auto attempt = std::make_shared<DocumentChange<Document>>(
      DocumentChange<Document>{std::move(change), std::nullopt});
  metadata::read_modify_write(
      store_, shard_, Format<Document>::kKey,
      [attempt](const std::optional<metadata::VersionedValue>& value)
          -> Result<std::optional<Bytes>> {
        attempt->refused.reset();
        RESTATE_TRY(const Document before, read<Document>(value));
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
            auto document = read<Document>(*value);
            if (!document) return done(std::move(document).error());
            Snapshot in_force = schema::snapshot(std::move(*document));
            publish(in_force, [in_force, done = std::move(done)]() mutable {
              done(Changed(std::move(in_force)));
            });
          })));
}

template class DocumentClient<schema::Schema>;
template class DocumentClient<schema::RuleBook>;

}  // namespace restate::admin
