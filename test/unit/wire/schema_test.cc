// The hand-written codec against what protobuf makes of the schema.

#include "support/catch.h"
#include "support/vectors.h"
#include "wire/entry.h"
#include "wire/service_protocol.pb.h"

#include <memory>

using namespace restate;
namespace pb = dev::restate::service::protocol;

namespace {

std::unique_ptr<google::protobuf::MessageLite> make_message(const std::string& name) {
  if (name == "StartMessage") return std::make_unique<pb::StartMessage>();
  if (name == "SuspensionMessage") return std::make_unique<pb::SuspensionMessage>();
  if (name == "ErrorMessage") return std::make_unique<pb::ErrorMessage>();
  if (name == "EndMessage") return std::make_unique<pb::EndMessage>();
  if (name == "CommandAckMessage") return std::make_unique<pb::CommandAckMessage>();
  if (name == "ProposeRunCompletionMessage") return std::make_unique<pb::ProposeRunCompletionMessage>();
  if (name == "AwaitingOnMessage") return std::make_unique<pb::AwaitingOnMessage>();
  if (name == "ProposeRunCompletionAckMessage") {
    return std::make_unique<pb::ProposeRunCompletionAckMessage>();
  }
  if (name == "InputCommandMessage") return std::make_unique<pb::InputCommandMessage>();
  if (name == "OutputCommandMessage") return std::make_unique<pb::OutputCommandMessage>();
  if (name == "GetLazyStateCommandMessage") return std::make_unique<pb::GetLazyStateCommandMessage>();
  if (name == "SetStateCommandMessage") return std::make_unique<pb::SetStateCommandMessage>();
  if (name == "ClearStateCommandMessage") return std::make_unique<pb::ClearStateCommandMessage>();
  if (name == "ClearAllStateCommandMessage") return std::make_unique<pb::ClearAllStateCommandMessage>();
  if (name == "GetLazyStateKeysCommandMessage") {
    return std::make_unique<pb::GetLazyStateKeysCommandMessage>();
  }
  if (name == "GetEagerStateCommandMessage") return std::make_unique<pb::GetEagerStateCommandMessage>();
  if (name == "GetEagerStateKeysCommandMessage") {
    return std::make_unique<pb::GetEagerStateKeysCommandMessage>();
  }
  if (name == "GetPromiseCommandMessage") return std::make_unique<pb::GetPromiseCommandMessage>();
  if (name == "PeekPromiseCommandMessage") return std::make_unique<pb::PeekPromiseCommandMessage>();
  if (name == "CompletePromiseCommandMessage") {
    return std::make_unique<pb::CompletePromiseCommandMessage>();
  }
  if (name == "SleepCommandMessage") return std::make_unique<pb::SleepCommandMessage>();
  if (name == "CallCommandMessage") return std::make_unique<pb::CallCommandMessage>();
  if (name == "OneWayCallCommandMessage") return std::make_unique<pb::OneWayCallCommandMessage>();
  if (name == "SendSignalCommandMessage") return std::make_unique<pb::SendSignalCommandMessage>();
  if (name == "RunCommandMessage") return std::make_unique<pb::RunCommandMessage>();
  if (name == "AttachInvocationCommandMessage") {
    return std::make_unique<pb::AttachInvocationCommandMessage>();
  }
  if (name == "GetInvocationOutputCommandMessage") {
    return std::make_unique<pb::GetInvocationOutputCommandMessage>();
  }
  if (name == "CompleteAwakeableCommandMessage") {
    return std::make_unique<pb::CompleteAwakeableCommandMessage>();
  }
  if (name.find("NotificationMessage") != std::string::npos) {
    return std::make_unique<pb::NotificationTemplate>();
  }
  return nullptr;
}

}  // namespace

TEST_CASE("recorded frames fit the schema", "[wire][schema][vectors]") {
  std::size_t seen = 0;
  const auto recorded = testing::recorded_frames();
  for (const auto& frame : recorded) {
    INFO(frame.message << " " << frame.decoded.dump());
    const auto message = make_message(frame.message);
    REQUIRE(message != nullptr);
    const std::string payload = frame.bytes.substr(8);
    REQUIRE(message->ParseFromString(payload));
    const std::string again = message->SerializeAsString();
    // The recording has one message whose lists are not packed; the rest is canonical.
    if (frame.type != 0x0001) CHECK(again == payload);
    ++seen;
  }
  testing::looked_at("frames", seen, recorded.size());
}

TEST_CASE("protobuf and the codec agree on what is written", "[wire][schema]") {
  wire::CallEntry call;
  call.request = {"S", "h", "key", Bytes("parameter"), {{"a", "b"}, {"", ""}}, "ik", "", "l1/l2"};
  call.invocation_id_completion = {1};
  call.completion = {200};
  pb::CallCommandMessage message;
  message.set_service_name("S");
  message.set_handler_name("h");
  message.set_key("key");
  message.set_parameter("parameter");
  auto* header = message.add_headers();
  header->set_key("a");
  header->set_value("b");
  message.add_headers();
  message.set_idempotency_key("ik");
  message.set_scope("");
  message.set_limit_key("l1/l2");
  message.set_invocation_id_notification_idx(1);
  message.set_result_completion_id(200);
  message.set_name("n");
  CHECK(wire::encode_entry(wire::EntryType::kCall, call, "n").view() == message.SerializeAsString());

  pb::InputCommandMessage input;
  input.mutable_value();
  CHECK(wire::encode_entry(wire::EntryType::kInput, wire::InputEntry{}).view() ==
        input.SerializeAsString());
}
