#include "partition/announced.h"

#include "wire/entry.h"

#include <variant>

namespace restate::partition {

namespace {

using Rows = std::vector<Announced>;

struct AnnouncedBy {
  std::uint32_t index;

  Announced make(wire::CompletionId id, wire::EntryType type) const {
    return {id.value, index, type};
  }
  Rows operator()(const wire::GetLazyStateEntry& e) const {
    return {make(e.completion, wire::EntryType::kGetLazyStateCompletion)};
  }
  Rows operator()(const wire::GetLazyStateKeysEntry& e) const {
    return {make(e.completion, wire::EntryType::kGetLazyStateKeysCompletion)};
  }
  Rows operator()(const wire::GetPromiseEntry& e) const {
    return {make(e.completion, wire::EntryType::kGetPromiseCompletion)};
  }
  Rows operator()(const wire::PeekPromiseEntry& e) const {
    return {make(e.completion, wire::EntryType::kPeekPromiseCompletion)};
  }
  Rows operator()(const wire::CompletePromiseEntry& e) const {
    return {make(e.completion, wire::EntryType::kCompletePromiseCompletion)};
  }
  Rows operator()(const wire::SleepEntry& e) const {
    return {make(e.completion, wire::EntryType::kSleepCompletion)};
  }
  Rows operator()(const wire::CallEntry& e) const {
    return {make(e.completion, wire::EntryType::kCallCompletion),
            make(e.invocation_id_completion, wire::EntryType::kCallInvocationIdCompletion)};
  }
  Rows operator()(const wire::OneWayCallEntry& e) const {
    return {make(e.invocation_id_completion, wire::EntryType::kCallInvocationIdCompletion)};
  }
  Rows operator()(const wire::RunEntry& e) const {
    return {make(e.completion, wire::EntryType::kRunCompletion)};
  }
  Rows operator()(const wire::AttachInvocationEntry& e) const {
    return {make(e.completion, wire::EntryType::kAttachInvocationCompletion)};
  }
  Rows operator()(const wire::GetInvocationOutputEntry& e) const {
    return {make(e.completion, wire::EntryType::kGetInvocationOutputCompletion)};
  }
  template <class Other>
  Rows operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::vector<Announced> announced_by(const wire::JournalEntry& entry, std::uint32_t index) {
  if (wire::is_notification(entry.type)) return {};
  const auto content = wire::decode_entry(entry.type, entry.body);
  if (!content) return {};
  return std::visit(AnnouncedBy{index}, content.value());
}

}  // namespace restate::partition
