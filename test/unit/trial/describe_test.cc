#include "trial/describe.h"

#include "protocol/control.h"
#include "protocol/frame.h"
#include "support/catch.h"
#include "wire/entry.h"

using namespace restate;
using namespace restate::testing;
using protocol::ControlType;
using wire::EntryType;

namespace {

std::string words(EntryType type, const wire::EntryContent& content, std::string_view name = {},
                  const CompletionNames& names = {}) {
  return describe_frame(static_cast<std::uint16_t>(type), wire::encode_entry(type, content, name), 6,
                        names);
}

}  // namespace

TEST_CASE("payloads are shown as far as people can read them", "[trial][describe]") {
  CHECK(quote("tea") == "'tea'");
  CHECK(quote("two\nlines") == "'two.lines'");
  CHECK(quote("\xff\xfe\xfd") == "3 bytes");
  CHECK(quote(std::string(100, 'x')) == "'" + std::string(60, 'x') + "...' (100 bytes)");
}

TEST_CASE("commands are shown with their arguments and without their times", "[trial][describe]") {
  CHECK(words(EntryType::kSetState, wire::SetStateEntry{"balance", "7"}) ==
        "SetState 'balance' = '7'");
  CHECK(words(EntryType::kRun, wire::RunEntry{{1}}, "charge") == "Run \"charge\"");
  CHECK(words(EntryType::kSleep, wire::SleepEntry{{123456}, {2}}) == "Sleep");
  wire::CallEntry call;
  call.request.service = "Bank";
  call.request.handler = "pay";
  call.request.key = "ada";
  call.request.parameter = "5";
  CHECK(words(EntryType::kCall, call) == "Call Bank/ada/pay '5'");
  CHECK(words(EntryType::kOutput, wire::OutputEntry{wire::Failure{402, "declined", {}}}) ==
        "Output failure 402 'declined'");
}

TEST_CASE("results are called by the names of what they are results of", "[trial][describe]") {
  CompletionNames names;
  learn_names(EntryType::kRun, wire::encode_entry(EntryType::kRun, wire::RunEntry{{1}}, "charge"),
              names);
  learn_names(EntryType::kSleep, wire::encode_entry(EntryType::kSleep, wire::SleepEntry{{9}, {2}}),
              names);
  const auto proposal =
      protocol::encode(protocol::ProposeRunCompletion{wire::CompletionId{1}, Bytes("paid")});
  CHECK(describe_frame(static_cast<std::uint16_t>(ControlType::kProposeRunCompletion), proposal, 6,
                       names) == "Run \"charge\" came to 'paid'");
  CHECK(words(EntryType::kSleepCompletion,
              wire::Notification{EntryType::kSleepCompletion, wire::CompletionId{2}, wire::Void{}},
              {}, names) == "Sleep done");
  CHECK(words(EntryType::kRunCompletion,
              wire::Notification{EntryType::kRunCompletion, wire::CompletionId{7}, Bytes("x")}, {},
              names) == "completion 7 done with 'x'");
  CHECK(words(EntryType::kSignalNotification,
              wire::Notification{EntryType::kSignalNotification, wire::kCancelSignal, wire::Void{}})
        == "cancel");
}
