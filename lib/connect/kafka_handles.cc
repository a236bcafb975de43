#include "connect/kafka_handles.h"

#include <algorithm>
#include <iterator>

namespace restate::connect {
namespace {

Bytes bytes_of(const void* data, std::size_t size) {
  return Bytes(std::string_view(static_cast<const char*>(data), size));
}

}  // namespace

kafka::Record record_of(const rd_kafka_message_t& message) {
  kafka::Record record;
  record.offset = message.offset;
  if (message.key != nullptr) record.key = bytes_of(message.key, message.key_len);
  if (message.payload != nullptr) record.value = bytes_of(message.payload, message.len);
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t at = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && at >= 0) record.timestamp_ms = at;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) ==
                            RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      record.headers.emplace_back(
          name, value == nullptr ? std::string() : std::string(static_cast<const char*>(value), size));
    }
  }
  return record;
}

namespace {

/// Properties come over the network, and these name programs and libraries of this machine.
constexpr std::string_view kForeignCode[] = {"plugin.library.paths", "sasl.kerberos.kinit.cmd",
                                             "ssl.engine.id", "ssl.engine.location", "ssl.providers"};

}  // namespace

Result<KafkaConf> consumer_conf(const std::map<std::string, std::string>& properties) {
  KafkaConf conf(rd_kafka_conf_new());
  char reason[512] = {};
  // Only for OIDC, and not in every build of the library.
  rd_kafka_conf_set(conf.get(), "https.ca.location", "probe", reason, sizeof reason);
  for (const auto& [name, value] : properties) {
    if (std::find(std::begin(kForeignCode), std::end(kForeignCode), name) != std::end(kForeignCode)) {
      return Error{Code::kInvalidArgument, "Kafka property '" + name + "' would run foreign code"};
    }
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason, sizeof reason) !=
        RD_KAFKA_CONF_OK) {
      // The reason may quote the value, which may be a secret.
      return Error{Code::kInvalidArgument,
                   "Kafka property '" + name + "' is unknown, or its value is not allowed"};
    }
  }
  return conf;
}

}  // namespace restate::connect
