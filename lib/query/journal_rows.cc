#include "query/entry_json.h"
#include "query/fields.h"
#include "query/row_source.h"

#include "partition/keys.h"
#include "partition/rows.h"
#include "wire/entry.h"

#include <restate/assert.h>

namespace restate::query {
namespace {

namespace keys = partition::keys;

/// The version of the journal that protocols 4 and later keep; there is no other here.
constexpr std::uint64_t kJournalVersion = 2;

struct JournalRow {
  const keys::JournalKey& key;
  const wire::JournalEntry& entry;
};

constexpr Field<JournalRow> kEntryFields[] = {
    {"partition_key", [](const JournalRow& r, Cell c) { c.number(r.key.invocation.key.value); }},
    {"id", [](const JournalRow& r, Cell c) { c.text(r.key.invocation.str()); }},
    {"index", [](const JournalRow& r, Cell c) { c.number(r.key.index); }},
    {"entry_type",
     [](const JournalRow& r, Cell c) { c.text(wire::entry_type_name(r.entry.type)); }},
    {"name",
     [](const JournalRow& r, Cell c) {
       if (wire::is_command(r.entry.type)) c.text(wire::entry_name(r.entry.type, r.entry.body));
     }},
    {"raw", [](const JournalRow& r, Cell c) { c.binary(r.entry.body.view()); }},
    {"raw_length", [](const JournalRow& r, Cell c) { c.number(r.entry.body.size()); }},
    {"version", [](const JournalRow&, Cell c) { c.number(kJournalVersion); }},
    {"entry_json", [](const JournalRow& r, Cell c) { c.opt_text(entry_json(r.entry)); }},
    {"entry_lite_json", [](const JournalRow& r, Cell c) { c.opt_text(entry_lite_json(r.entry)); }},
    {"appended_at", [](const JournalRow& r, Cell c) { c.time(r.entry.appended_at); }},
};

class JournalRows final : public StoredRows {
 public:
  explicit JournalRows(Columns columns)
      : fields_(table(TableId::kJournal), columns, kEntryFields) {}

  std::string_view tag() const override { return keys::kJournal; }

  Outcome put(const PartitionInput&, std::string_view key, std::string_view value,
              RowSink& sink, Memo*) const override {
    const auto at = keys::decode_journal(key);
    if (!at) return Outcome::kCorrupt;
    const auto entry = partition::rows::decode_entry(Bytes::literal(value));
    if (!entry) return Outcome::kCorrupt;
    fields_.put({*at, *entry}, sink);
    sink.end_row();
    return Outcome::kRow;
  }

 private:
  const Projection<JournalRow> fields_;
};

struct EventRow {
  const keys::EventKey& key;
  const partition::EventRow& event;
};

std::string_view event_word(wire::JournalEvent::Type type) {
  switch (type) {
    case wire::JournalEvent::Type::kTransientError:
      return "TransientError";
    case wire::JournalEvent::Type::kPaused:
      return "Paused";
    case wire::JournalEvent::Type::kSuspended:
      return "Suspended";
  }
  return "Unknown";  // written by a newer version
}

constexpr Field<EventRow> kEventFields[] = {
    {"partition_key", [](const EventRow& r, Cell c) { c.number(r.key.invocation.key.value); }},
    {"id", [](const EventRow& r, Cell c) { c.text(r.key.invocation.str()); }},
    {"after_journal_entry_index", [](const EventRow& r, Cell c) { c.number(r.event.after_entry); }},
    {"appended_at", [](const EventRow& r, Cell c) { c.time(r.key.at); }},
    {"event_type", [](const EventRow& r, Cell c) { c.text(event_word(r.key.type)); }},
    {"event_json", [](const EventRow& r, Cell c) { c.text(r.event.event.json.view()); }},
};

class EventRows final : public StoredRows {
 public:
  explicit EventRows(Columns columns)
      : fields_(table(TableId::kJournalEvents), columns, kEventFields) {}

  std::string_view tag() const override { return keys::kEvents; }

  Outcome put(const PartitionInput&, std::string_view key, std::string_view value,
              RowSink& sink, Memo*) const override {
    const auto at = keys::decode_event(key);
    if (!at) return Outcome::kCorrupt;
    const auto event = partition::rows::decode_event(Bytes::literal(value));
    if (!event) return Outcome::kCorrupt;
    fields_.put({*at, *event}, sink);
    sink.end_row();
    return Outcome::kRow;
  }

 private:
  const Projection<EventRow> fields_;
};

}  // namespace

std::unique_ptr<StoredRows> make_journal_rows(Columns columns) {
  return std::make_unique<JournalRows>(columns);
}

std::unique_ptr<StoredRows> make_event_rows(Columns columns) {
  return std::make_unique<EventRows>(columns);
}

}  // namespace restate::query
