#include "power/node.h"

#include <algorithm>
#include <optional>

namespace restate::testing {
namespace {

storage::LogletKey key_of(std::size_t which) { return {std::uint64_t{which + 1} << 32}; }

std::string name_of(std::size_t which) { return "partition " + std::to_string(which); }

}  // namespace

PowerCutNode::PowerCutNode(std::uint64_t seed) : random_(seed), env_(files_), shard_(seed) {
  files_.journal_names("/node/db");
  // What is made for the first time may be cut short as well, and that again.
  while (random_.below(2) == 0) {
    files_.cut_power(static_cast<std::uint32_t>(1 + random_.below(100)));
    auto cut_short = open();
    if (!cut_short && !files_.dark()) {
      throw Loss("making everything: " + cut_short.error().describe());
    }
    if (!cut_short) ++counts_.cut_while_making;
    close();
    files_.crash(random_.next());
  }
  auto opened = open();
  if (!opened) throw Loss("opening an empty disk: " + opened.error().describe());
}

PowerCutNode::~PowerCutNode() { close(); }

void PowerCutNode::live_and_die() {
  files_.cut_power(static_cast<std::uint32_t>(1 + random_.below(random_.below(4) == 0 ? 200 : 40)));
  for (int i = 0; !files_.dark() && i < 400; ++i) step();
  // Background work may be what runs into the dark, or nobody did.
  settle();
  if (files_.dark()) expect_refusal();
  close();
  files_.crash(random_.next());

  // A start writes as well, and the next one must live with what it left.
  while (random_.below(4) == 0) {
    files_.cut_power(static_cast<std::uint32_t>(1 + random_.below(30)));
    auto opened = open();
    if (!opened && !files_.dark()) throw Loss("opening: " + opened.error().describe());
    close();
    files_.crash(random_.next());
    ++counts_.cut_while_opening;
    ++counts_.reopened;
  }
  auto opened = open();
  if (!opened) throw Loss("opening: " + opened.error().describe());
  ++counts_.reopened;
  check();
}

Result<void> PowerCutNode::open() {
  RESTATE_TRY(
      log_, storage::open_segment_log(
                "/node/log", {.segment_bytes = 16 * 1024, .spare_segments = 1, .files = &files_, .key = 1}));
  RESTATE_TRY(rows_, storage::open_durable_space("/node/metadata", &files_));
  RESTATE_TRY(store_, storage::open_rocksdb_store(
                          "/node/db", {.memory = 512 * 1024, .partitions = kLogs, .env = &env_}));
  for (std::size_t which = 0; which < kLogs; ++which) {
    RESTATE_TRY(partitions_[which].space,
                store_->open(PartitionId{static_cast<std::uint16_t>(which)}, shard_));
  }
  return {};
}

void PowerCutNode::close() {
  for (Partition& partition : partitions_) partition.space.reset();
  store_.reset();
  rows_.reset();
  log_.reset();
  shard_.drain();
}

template <class T>
Result<T> PowerCutNode::wait(Function<void(Completion<T>)> start) {
  // Shared: another task may throw while this waits.
  auto answer = std::make_shared<std::optional<Result<T>>>();
  start(Completion<T>(shard_, [answer](Result<T> result) { answer->emplace(std::move(result)); }));
  shard_.run_until([&answer] { return answer->has_value(); });
  return std::move(**answer);
}

/// Nothing fails but for want of power.
void PowerCutNode::note_failure(const Error& error) {
  if (!files_.dark()) throw Loss("failed with the power on: " + error.describe());
}

void PowerCutNode::settle() {
  shard_.run_until([this] { return in_flight_ == 0; });
}

void PowerCutNode::step() {
  const std::size_t which = random_.below(kLogs);
  const std::uint64_t dice = random_.below(100);
  if (dice < 50) return append(which);
  if (dice < 70) return settle();
  if (dice < 85) return apply(which);
  if (dice < 90) return flush(which);
  if (dice < 95) return trim(which);
  write_row();
}

void PowerCutNode::append(std::size_t which) {
  Partition& partition = partitions_[which];
  storage::LogAppend append{
      key_of(which), static_cast<std::uint32_t>(partition.records.size()) + 1, {}};
  for (std::uint64_t n = 1 + random_.below(4); n > 0; --n) {
    const std::uint64_t size = random_.below(16) == 0 ? random_.below(5000) : random_.below(120);
    std::string record = std::to_string(partition.records.size() + 1) + " of " + name_of(which) +
                         " " + std::string(size, static_cast<char>('a' + random_.below(26)));
    append.records.emplace_back(record);
    partition.records.push_back(std::move(record));
  }
  const auto last = static_cast<std::uint32_t>(partition.records.size());
  ++in_flight_;
  log_->append(std::move(append),
               Completion<void>(shard_, [this, &partition, last](Result<void> result) {
                 --in_flight_;
                 if (!result) return note_failure(result.error());
                 counts_.acknowledged += last - partition.acknowledged;
                 partition.acknowledged = last;
               }));
}

/// What a record does to the table: it replaces one row and now and then takes another away.
void PowerCutNode::change(const std::string& record, storage::Batch& batch, Rows& rows) {
  const std::uint64_t number = std::stoull(record);
  const std::string key = "st0000000" + std::to_string(number % 7);
  batch.put(key, record);
  rows[key] = record;
  if (number % 5 != 0) return;
  const std::string gone = "st0000000" + std::to_string(number % 3);
  batch.erase(gone);
  rows.erase(gone);
}

/// Applies some of what is acknowledged, as a worker does that reads the log.
void PowerCutNode::apply(std::size_t which) {
  Partition& partition = partitions_[which];
  const std::uint64_t from = partition.space->committed().value;
  const std::uint64_t upto =
      std::min<std::uint64_t>(partition.acknowledged, from + 1 + random_.below(20));
  if (upto <= from) return;
  storage::Batch batch;
  Rows ignored;
  for (std::uint64_t i = from; i < upto; ++i) change(partition.records[i], batch, ignored);
  const storage::Commit share{partition.space.get(), &batch, {upto}};
  auto committed = store_->commit({&share, 1});
  if (!committed && committed != Code::kOverloaded) note_failure(committed.error());
}

void PowerCutNode::flush(std::size_t which) {
  Partition& partition = partitions_[which];
  const std::uint64_t before = partition.space->committed().value;
  auto flushed =
      wait<void>([&](Completion<void> done) { partition.space->flush(std::move(done)); });
  if (!flushed) return note_failure(flushed.error());
  if (partition.space->durable().value < before) throw Loss("a flush did not flush");
  partition.seen_durable = before;
}

/// The log may forget what the table keeps.
void PowerCutNode::trim(std::size_t which) {
  Partition& partition = partitions_[which];
  const std::uint64_t durable = partition.space->durable().value;
  partition.seen_durable = std::max(partition.seen_durable, durable);
  const auto upto = static_cast<std::uint32_t>(durable);
  if (upto <= partition.asked_trim) return;
  partition.asked_trim = upto;
  auto trimmed = wait<storage::LogletState>([&](Completion<storage::LogletState> done) {
    log_->trim(key_of(which), upto, std::move(done));
  });
  if (!trimmed) return note_failure(trimmed.error());
  partition.acknowledged_trim = upto;
}

void PowerCutNode::write_row() {
  storage::Batch batch;
  batch.put("number", std::to_string(++written_row_));
  batch.put("twin", std::to_string(written_row_) + std::string(random_.below(2000), 'x'));
  auto written = rows_->write(batch);
  if (!written) return note_failure(written.error());
  acknowledged_row_ = written_row_;
}

/// After the power went nothing is acknowledged any more, by nobody.
void PowerCutNode::expect_refusal() {
  storage::Batch batch;
  batch.put("number", "never");
  if (rows_->write(batch)) throw Loss("a durable row was acknowledged in the dark");
  for (std::size_t which = 0; which < kLogs; ++which) {
    const std::uint32_t before = partitions_[which].acknowledged;
    append(which);
    settle();
    if (partitions_[which].acknowledged != before)
      throw Loss("an append was acknowledged in the dark");
  }
}

void PowerCutNode::check() {
  for (std::size_t which = 0; which < kLogs; ++which) {
    check_log(which);
    check_table(which);
  }
  check_rows();
}

void PowerCutNode::check_log(std::size_t which) {
  Partition& partition = partitions_[which];
  auto state = wait<storage::LogletState>(
      [&](Completion<storage::LogletState> done) { log_->state(key_of(which), std::move(done)); });
  if (!state) throw Loss("asking for a state: " + state.error().describe());
  const std::string where = "the log of " + name_of(which) + " ends before " +
                            std::to_string(state->next) + ", is trimmed up to " +
                            std::to_string(state->trim_point) + ": ";
  if (state->next <= partition.acknowledged) {
    throw Loss(where + std::to_string(partition.acknowledged) + " was acknowledged");
  }
  if (state->next > partition.records.size() + 1) throw Loss(where + "nobody wrote so much");
  if (state->trim_point < partition.acknowledged_trim) throw Loss(where + "an older trim point");
  if (state->trim_point > partition.asked_trim) throw Loss(where + "nobody asked for that trim");

  counts_.unacknowledged_kept += state->next - 1 - partition.acknowledged;
  counts_.unacknowledged_lost += partition.records.size() - (state->next - 1);
  partition.records.resize(state->next - 1);  // what was found is there for good
  partition.acknowledged = state->next - 1;
  partition.asked_trim = partition.acknowledged_trim = state->trim_point;
  const std::vector<std::string> expected(
      partition.records.begin() + static_cast<std::ptrdiff_t>(state->trim_point),
      partition.records.end());
  if (read_log(which, state->trim_point + 1) != expected) throw Loss(where + "other records");
}

std::vector<std::string> PowerCutNode::read_log(std::size_t which, std::uint32_t from) {
  std::vector<std::string> records;
  while (true) {
    auto bite = wait<storage::LogRead>([&](Completion<storage::LogRead> done) {
      log_->read(key_of(which), from + static_cast<std::uint32_t>(records.size()), 8000,
                 std::move(done));
    });
    if (!bite) throw Loss("reading: " + bite.error().describe());
    if (bite->records.empty()) return records;
    for (const Bytes& record : bite->records) records.push_back(record.str());
  }
}

/// The table is a prefix of the log's story, the log has the rest, and both make the whole.
void PowerCutNode::check_table(std::size_t which) {
  Partition& partition = partitions_[which];
  storage::PartitionSpace& space = *partition.space;
  const std::uint64_t position = space.committed().value;
  const std::string where =
      "the table of " + name_of(which) + " stands at " + std::to_string(position) + ": ";
  if (space.durable().value != position) throw Loss(where + "and calls something else durable");
  if (position < partition.seen_durable) throw Loss(where + "more was durable");
  if (position > partition.acknowledged) throw Loss(where + "ahead of its log");
  if (position < partition.acknowledged_trim) throw Loss(where + "the log has forgotten the rest");

  auto rows_now = [&] {
    Rows found;
    storage::RowCallback visitor([&](std::string_view key, std::string_view value) {
      found.emplace(key, value);
      return true;
    });
    auto scanned = space.scan({}, {}, visitor);
    if (!scanned) throw Loss(where + scanned.error().describe());
    return found;
  };
  Rows expected;
  storage::Batch batch;
  for (std::uint64_t i = 0; i < position; ++i) change(partition.records[i], batch, expected);
  if (rows_now() != expected) throw Loss(where + "with other rows");

  batch.clear();
  const auto rest = read_log(which, static_cast<std::uint32_t>(position) + 1);
  for (const std::string& record : rest) change(record, batch, expected);
  if (!rest.empty()) {
    const storage::Commit share{&space, &batch, {position + rest.size()}};
    auto committed = store_->commit({&share, 1});
    while (committed == Code::kOverloaded) {
      shard_.drain();
      std::this_thread::yield();
      committed = store_->commit({&share, 1});
    }
    if (!committed) throw Loss(where + "applying again: " + committed.error().describe());
  }
  counts_.applied_again += rest.size();
  if (rows_now() != expected) throw Loss(where + "with other rows after applying the rest again");
  partition.seen_durable = position;
}

void PowerCutNode::check_rows() {
  auto number = rows_->get("number");
  auto twin = rows_->get("twin");
  if (!number || !twin) throw Loss("reading the durable rows");
  const std::uint64_t found = *number ? std::stoull((*number)->str()) : 0;
  if (found < acknowledged_row_ || found > written_row_) {
    throw Loss("the durable row is " + std::to_string(found) + ", acknowledged was " +
               std::to_string(acknowledged_row_));
  }
  if (found != 0 && std::stoull((*twin)->str()) != found) throw Loss("half of a write");
  written_row_ = acknowledged_row_ = found;
}

}  // namespace restate::testing
