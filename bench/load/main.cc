// bench-load: a closed-loop HTTP/1.1 load generator on one thread (spec: bench/README.md). Prints one
// JSON object: every latency is kept, none is sampled.

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string host = "127.0.0.1";
  std::vector<std::uint16_t> ports = {8080};
  std::string path = "/Bench/noop";
  std::size_t keys = 1;
  bool sequential_keys = false;
  std::string key_base = "k";
  std::size_t connections = 1;
  double seconds = 5;
  std::uint64_t count = 0;  // 0: run for `seconds`
  double warm = 0.5;
  std::string body = "\"0\"";
  std::size_t body_size = 0;
  std::string idempotency;  // unique, seq, or a fixed key
  double stall = 60;
  std::uint64_t seed = 1;
};

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

/// Incompressible within a JSON string: letters of base64 from a generator.
std::string random_text(std::size_t size, std::mt19937_64& random) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text = "\"";
  while (text.size() + 1 < size) text.push_back(kLetters[random() % 64]);
  return text + "\"";
}

/// Finds the end of one response in `buffer`; 0 while it is incomplete, npos if it is none.
struct Response {
  std::size_t end = 0;
  int status = 0;
  std::string_view body;
};

bool parse_response(std::string_view buffer, Response& response) {
  const std::size_t head_end = buffer.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return false;
  const std::string_view head = buffer.substr(0, head_end + 2);
  if (head.size() < 12) return false;
  response.status = (head[9] - '0') * 100 + (head[10] - '0') * 10 + (head[11] - '0');
  std::size_t length = 0;
  bool chunked = false;
  std::size_t line = head.find("\r\n") + 2;
  while (line < head.size()) {
    const std::size_t end = head.find("\r\n", line);
    const std::string_view field = head.substr(line, end - line);
    line = end + 2;
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(field.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    const std::string_view value = field.substr(field.find_first_not_of(' ', colon + 1));
    if (name == "content-length") length = std::stoul(std::string(value));
    if (name == "transfer-encoding" && value.find("chunked") != std::string_view::npos) {
      chunked = true;
    }
  }
  std::size_t at = head_end + 4;
  if (!chunked) {
    if (buffer.size() < at + length) return false;
    response.body = buffer.substr(at, length);
    response.end = at + length;
    return true;
  }
  for (;;) {
    const std::size_t end = buffer.find("\r\n", at);
    if (end == std::string_view::npos) return false;
    const std::size_t size = std::stoul(std::string(buffer.substr(at, end - at)), nullptr, 16);
    if (buffer.size() < end + 2 + size + 2) return false;
    at = end + 2 + size + 2;
    if (size == 0) break;
  }
  response.end = at;
  return true;
}

class Generator {
 public:
  explicit Generator(Options options) : options_(std::move(options)), random_(options_.seed) {
    if (options_.body_size > 0) options_.body = random_text(options_.body_size, random_);
    key_at_ = options_.path.find("{key}");
  }

  int run() {
    epoll_ = epoll_create1(0);
    connections_.resize(options_.connections);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (!open(i)) {
        fmt::print(stderr, "cannot connect to {}:{}\n", options_.host,
                   options_.ports[i % options_.ports.size()]);
        return 1;
      }
    }
    start_ = Clock::now();
    last_answer_ = start_;
    for (std::size_t i = 0; i < connections_.size(); ++i) send(i);
    std::vector<epoll_event> events(256);
    while (!finished()) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int e = 0; e < ready; ++e) receive(events[e].data.u64);
      if (seconds_between(last_answer_, Clock::now()) > options_.stall) {
        stalled_ = true;
        break;
      }
    }
    print();
    return stalled_ || answered_ == 0 ? 1 : 0;
  }

 private:
  struct Connection {
    int fd = -1;
    std::string buffer;
    std::string out;
    std::size_t sent = 0;
    Clock::time_point started;
    bool busy = false;
  };

  bool open(std::size_t index) {
    Connection& connection = connections_[index];
    connection.fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.ports[index % options_.ports.size()]);
    inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
    const int on = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      return false;
    }
    connection.buffer.clear();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    return true;
  }

  std::string path() {
    if (key_at_ == std::string::npos) return options_.path;
    const std::uint64_t key = options_.sequential_keys ? issued_ % options_.keys
                                                       : random_() % options_.keys;
    std::string path = options_.path;
    path.replace(key_at_, 5, options_.key_base + std::to_string(key));
    return path;
  }

  void send(std::size_t index) {
    if (stop_issuing()) return;
    Connection& connection = connections_[index];
    std::string idempotency;
    if (!options_.idempotency.empty()) {
      std::string key = options_.idempotency;
      if (key == "unique") key = fmt::format("u{:016x}{:016x}", random_(), issued_);
      if (key == "seq") key = fmt::format("s{}", issued_ % options_.keys);
      idempotency = "idempotency-key: " + key + "\r\n";
    }
    connection.out = fmt::format(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{}content-length: {}\r\n\r\n{}",
        path(), options_.host, idempotency, options_.body.size(), options_.body);
    ++issued_;
    connection.busy = true;
    connection.started = Clock::now();
    std::size_t written = 0;
    while (written < connection.out.size()) {
      const ssize_t n = ::send(connection.fd, connection.out.data() + written,
                               connection.out.size() - written, MSG_NOSIGNAL);
      if (n <= 0) {
        ++errors_;
        return;
      }
      written += static_cast<std::size_t>(n);
    }
  }

  void receive(std::size_t index) {
    Connection& connection = connections_[index];
    char chunk[65536];
    const ssize_t n = recv(connection.fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
      if (connection.busy) ++errors_;
      connection.busy = false;
      close(connection.fd);
      last_answer_ = Clock::now();
      if (!finished() && open(index)) send(index);
      return;
    }
    connection.buffer.append(chunk, static_cast<std::size_t>(n));
    Response response;
    while (parse_response(connection.buffer, response)) {
      const Clock::time_point now = Clock::now();
      last_answer_ = now;
      connection.busy = false;
      ++answered_;
      ++statuses_[response.status];
      if (response.status < 200 || response.status > 299) ++errors_;
      if (first_body_.empty()) first_body_ = std::string(response.body.substr(0, 200));
      if (seconds_between(start_, connection.started) >= options_.warm) {
        latencies_.push_back(std::chrono::duration<float, std::milli>(now - connection.started).count());
        if (measured_from_ == Clock::time_point{}) measured_from_ = connection.started;
        measured_to_ = now;
      }
      connection.buffer.erase(0, response.end);
      send(index);
    }
  }

  bool stop_issuing() const {
    if (options_.count > 0) return issued_ >= options_.count;
    return seconds_between(start_, Clock::now()) >= options_.warm + options_.seconds;
  }

  bool finished() const {
    if (!stop_issuing()) return false;
    return std::none_of(connections_.begin(), connections_.end(),
                        [](const Connection& c) { return c.busy; });
  }

  void print() {
    std::sort(latencies_.begin(), latencies_.end());
    const auto percentile = [&](double p) -> double {
      if (latencies_.empty()) return 0;
      const auto rank = static_cast<std::size_t>(p * static_cast<double>(latencies_.size() - 1));
      return static_cast<double>(latencies_[rank]);
    };
    double sum = 0;
    for (const float latency : latencies_) sum += static_cast<double>(latency);
    const double elapsed = std::max(1e-9, seconds_between(measured_from_, measured_to_));
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    std::string statuses;
    for (const auto& [status, count] : statuses_) {
      statuses += fmt::format("{}\"{}\":{}", statuses.empty() ? "" : ",", status, count);
    }
    std::string body;
    for (const char c : first_body_) {
      if (c == '"' || c == '\\') body.push_back('\\');
      if (static_cast<unsigned char>(c) >= 0x20) body.push_back(c);
    }
    fmt::print(
        "{{\"n\":{},\"all\":{},\"err\":{},\"stalled\":{},\"secs\":{:.3f},\"rps\":{:.1f},\"mean\":{:.4f},"
        "\"p50\":{:.4f},\"p90\":{:.4f},\"p99\":{:.4f},\"p99.9\":{:.4f},\"max\":{:.4f},"
        "\"status\":{{{}}},\"cpu\":{:.3f},\"body\":\"{}\"}}\n",
        latencies_.size(), answered_, errors_, stalled_, elapsed,
        static_cast<double>(latencies_.size()) / elapsed,
        latencies_.empty() ? 0 : sum / static_cast<double>(latencies_.size()), percentile(0.5),
        percentile(0.9), percentile(0.99), percentile(0.999), percentile(1.0), statuses, cpu, body);
  }

  Options options_;
  std::mt19937_64 random_;
  std::size_t key_at_ = std::string::npos;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::uint64_t issued_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t errors_ = 0;
  bool stalled_ = false;
  std::map<int, std::uint64_t> statuses_;
  std::vector<float> latencies_;
  std::string first_body_;
  Clock::time_point start_, last_answer_, measured_from_, measured_to_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Closed-loop HTTP/1.1 load generator; prints one JSON object.");
  app.add_option("--host", options.host, "IPv4 address");
  app.add_option("--port", options.ports, "ports, connections take turns")->delimiter(',');
  app.add_option("--path", options.path, "may contain {key}");
  app.add_option("--keys", options.keys, "number of keys");
  app.add_flag("--sequential", options.sequential_keys, "keys in order instead of at random");
  app.add_option("--keybase", options.key_base, "prefix of keys");
  app.add_option("--conns", options.connections, "connections, one request outstanding on each");
  app.add_option("--dur", options.seconds, "seconds to measure");
  app.add_option("--count", options.count, "requests to send instead of a duration");
  app.add_option("--warm", options.warm, "seconds before measuring");
  app.add_option("--body", options.body, "request body");
  app.add_option("--bodysize", options.body_size, "incompressible body of this size instead");
  app.add_option("--idem", options.idempotency, "idempotency key: unique, seq or a fixed one");
  app.add_option("--stall", options.stall, "give up after this many seconds without an answer");
  app.add_option("--seed", options.seed, "of keys and bodies");
  CLI11_PARSE(app, argc, argv);
  if (options.count > 0) options.warm = 0;
  return Generator(std::move(options)).run();
}
