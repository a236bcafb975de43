// The shapes that tools parse, as recorded from the reference.

#include "query/entry_json.h"
#include "support/catch.h"
#include "wire/entry.h"

using namespace restate;
using namespace restate::query;

namespace {

wire::JournalEntry command(wire::EntryType type, const wire::EntryContent& content,
                           std::string_view name = {}) {
  return {type, WallTime{1}, wire::encode_entry(type, content, name), std::nullopt};
}

wire::JournalEntry notification(wire::EntryType type, wire::NotificationId id,
                                wire::NotificationResult result) {
  return {type, WallTime{1}, wire::encode_notification({type, std::move(id), std::move(result)}),
          std::nullopt};
}

}  // namespace

TEST_CASE("commands as JSON", "[query]") {
  const auto run = command(wire::EntryType::kRun, wire::RunEntry{{2}}, "second");
  CHECK(entry_json(run) == R"({"Command":{"Run":{"completion_id":2,"name":"second"}}})");
  CHECK(entry_lite_json(run) == R"({"Command":{"Run":{"completion_id":2,"name":"second"}}})");

  const auto input =
      command(wire::EntryType::kInput, wire::InputEntry{{{"accept", "*/*"}}, Bytes("\"C\"")});
  CHECK(entry_json(input) == R"({"Command":{"Input":{"headers":[{"name":"accept","value":"*/*"}],)"
                             R"("payload":[34,67,34],"name":""}}})");
  CHECK(entry_lite_json(input) == R"({"Command":{"Input":{}}})");

  const auto failed =
      command(wire::EntryType::kOutput, wire::OutputEntry{wire::Failure{418, "it's broken", {}}});
  CHECK(entry_json(failed) ==
        R"({"Command":{"Output":{"result":{"Failure":{"code":418,"message":"it's broken"}},)"
        R"("name":""}}})");
  CHECK(entry_lite_json(failed) == R"({"Command":{"Output":{"result":"Failure"}}})");

  const auto state =
      command(wire::EntryType::kSetState, wire::SetStateEntry{Bytes("user"), Bytes("{}")});
  CHECK(entry_json(state) ==
        R"({"Command":{"SetState":{"key":"user","value":[123,125],"name":""}}})");

  const auto sleep =
      command(wire::EntryType::kSleep, wire::SleepEntry{WallTime{77}, wire::CompletionId{3}});
  CHECK(entry_json(sleep) ==
        R"({"Command":{"Sleep":{"wake_up_time":77,"completion_id":3,"name":""}}})");
}

TEST_CASE("a call shows what it resolved to", "[query]") {
  wire::CallRequest request;
  request.service = "Greeter";
  request.handler = "greet";
  request.parameter = Bytes("1");
  auto call = command(wire::EntryType::kCall,
                      wire::CallEntry{request, wire::CompletionId{4}, wire::CompletionId{5}});
  wire::CallInfo& info = call.call.emplace();
  info.target.service = "Greeter";
  info.target.handler = "greet";
  info.retention = {86'400'000, 1'500};
  const std::string id = info.callee.str();
  CHECK(
      entry_json(call) ==
      R"({"Command":{"Call":{"request":{"invocation_id":")" + id +
          R"(","invocation_target":{"Service":{"name":"Greeter","handler":"greet","scope":null}},)"
          R"("span_context":{"span_context":{"trace_id":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],)"
          R"("span_id":[0,0,0,0,0,0,0,0],"trace_flags":0,"is_remote":false,"trace_state":""},)"
          R"("cause":null},"parameter":[49],"headers":[],)"
          R"("idempotency_key":null,"completion_retention_duration":{"secs":86400,"nanos":0},)"
          R"("journal_retention_duration":{"secs":1,"nanos":500000000}},)"
          R"("invocation_id_completion_id":4,"result_completion_id":5,"name":""}}})");
}

TEST_CASE("notifications as JSON", "[query]") {
  const auto done =
      notification(wire::EntryType::kRunCompletion, wire::CompletionId{1}, Bytes("1"));
  CHECK(entry_json(done) ==
        R"({"Notification":{"Completion":{"Run":{"completion_id":1,"result":{"Success":[49]}}}}})");
  CHECK(
      entry_lite_json(done) ==
      R"({"Notification":{"ty":{"Completion":"Run"},"id":{"CompletionId":1},"result":"Success"}})");

  const auto slept =
      notification(wire::EntryType::kSleepCompletion, wire::CompletionId{3}, wire::Void{});
  CHECK(entry_json(slept) == R"({"Notification":{"Completion":{"Sleep":{"completion_id":3}}}})");

  const auto signal =
      notification(wire::EntryType::kSignalNotification, wire::SignalIndex{17}, wire::Void{});
  CHECK(entry_json(signal) == R"({"Notification":{"Signal":{"id":{"Index":17},"result":"Void"}}})");
  CHECK(entry_lite_json(signal) ==
        R"({"Notification":{"ty":"Signal","id":{"SignalIndex":17},"result":"Void"}})");
}

TEST_CASE("a body that is none has no JSON", "[query]") {
  CHECK_FALSE(entry_json({wire::EntryType::kRun, WallTime{1}, Bytes("\xff\xff"), std::nullopt}));
}

TEST_CASE("futures and failures as text", "[query]") {
  wire::AwaitTree tree;
  tree.leaves = {wire::SignalIndex{1}, wire::CompletionId{2}};
  CHECK(future_json(tree) ==
        R"({"Unknown":[{"Single":{"SignalIndex":1}},{"Single":{"CompletionId":2}}]})");
  CHECK(failure_text({418, "no", {}}) == "[418] no");
  CHECK(named_failure_text({500, "no way", {}}) == "[500 Internal] no way");
  CHECK(named_failure_text({418, "no", {}}) == "[418] no");
}
