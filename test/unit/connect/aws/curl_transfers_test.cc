// libcurl on its thread, against a listener on loopback that answers once or never.

#include "connect/aws/curl_transfers.h"

#include "support/catch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

using namespace restate;
using namespace restate::connect::aws;

namespace {

/// Accepts one connection, reads a head and a body of the length it announces, and answers.
class Listener {
 public:
  explicit Listener(std::string answer) : answer_(std::move(answer)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/path";
    thread_ = std::thread([this] { serve(); });
  }
  ~Listener() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  /// What it has read, once it has.
  std::string request() { return read_.get_future().get(); }
  /// Completes when the other side has closed its connection.
  void wait_for_close() { closed_.get_future().wait(); }

  std::string url;

 private:
  void serve() {
    const int peer = ::accept(socket_, nullptr, nullptr);
    if (peer < 0) return;
    std::string request;
    char piece[4096];
    for (ssize_t n = 0; !complete(request) && (n = ::read(peer, piece, sizeof piece)) > 0;) {
      request.append(piece, static_cast<std::size_t>(n));
    }
    read_.set_value(request);
    if (!answer_.empty()) {
      CHECK(::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(answer_.size()));
      ::shutdown(peer, SHUT_WR);
    }
    while (::read(peer, piece, sizeof piece) > 0) {
    }
    ::close(peer);
    closed_.set_value();
  }
  static bool complete(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::size_t length = request.find("content-length: ");
    const std::size_t upper = request.find("Content-Length: ");
    const std::size_t at = std::min(length, upper);
    const std::size_t body = at == std::string::npos ? 0 : std::stoul(request.substr(at + 16));
    return request.size() >= end + 4 + body;
  }

  const std::string answer_;
  int socket_ = -1;
  std::promise<std::string> read_;
  std::promise<void> closed_;
  std::thread thread_;
};

HttpQuery post(const std::string& url) {
  HttpQuery query;
  query.method = "POST";
  query.url = url;
  query.headers = {{"content-type", "application/json"}, {"x-mine", "yes"}};
  query.body = "{}";
  return query;
}

}  // namespace

TEST_CASE("an exchange with somebody on the network", "[connect][aws]") {
  Listener listener("HTTP/1.1 100 Continue\r\nx-interim: 1\r\n\r\n"
                    "HTTP/1.1 429 Slow down\r\nRetry-After:  7 \r\nX-Empty:\r\n\r\nbody");
  CurlTransfers transfers({});
  const auto answer = transfers.fetch(post(listener.url));
  REQUIRE(answer);
  CHECK(answer->status == 429);
  CHECK(answer->body == "body");
  CHECK(answer->header("x-empty") == "");
  CHECK(answer->header("retry-after").value_or("").starts_with("7"));
  CHECK_FALSE(answer->header("x-interim"));
  const std::string request = listener.request();
  CHECK(request.starts_with("POST /path HTTP/1.1\r\n"));
  CHECK(request.find("\r\ncontent-type: application/json\r\n") != std::string::npos);
  CHECK(request.find("\r\nx-mine: yes\r\n") != std::string::npos);
  CHECK(request.find("xpect") == std::string::npos);
  CHECK(request.ends_with("\r\n\r\n{}"));
}

TEST_CASE("exchanges that fail", "[connect][aws]") {
  SECTION("nobody listens") {
    std::string url;
    {
      Listener gone("");
      url = gone.url;
    }
    CurlTransfers transfers({});
    CHECK(transfers.fetch(post(url)) == Code::kUnavailable);
  }
  SECTION("no answer in time") {
    Listener listener("");
    CurlTransfers transfers({});
    HttpQuery query = post(listener.url);
    query.timeout = std::chrono::milliseconds(50);
    CHECK(transfers.fetch(query) == Code::kTimeout);
  }
  SECTION("too long an answer") {
    Listener listener("HTTP/1.1 200 OK\r\n\r\n" + std::string(1000, 'x'));
    TransferOptions options;
    options.max_answer_bytes = 999;
    CurlTransfers transfers(options);
    CHECK(transfers.fetch(post(listener.url)) == Code::kInvalidArgument);
  }
  SECTION("another scheme") {
    CurlTransfers transfers({});
    CHECK(transfers.fetch(post("file:///etc/passwd")) == Code::kInvalidArgument);
  }
}

TEST_CASE("an abandoned transfer is closed and tells nobody", "[connect][aws]") {
  Listener listener("");
  CurlTransfers transfers({});
  std::atomic<bool> told{false};
  const auto abandoned = std::make_shared<std::atomic<bool>>(false);
  REQUIRE(transfers.post([&] {
    transfers.start(post(listener.url), abandoned, [&](Result<HttpAnswer>) { told = true; });
  }));
  listener.request();
  *abandoned = true;
  transfers.wake();
  listener.wait_for_close();
  transfers.stop();
  CHECK_FALSE(told);
}

TEST_CASE("stopping fails what is under way and what comes later", "[connect][aws]") {
  Listener listener("");
  CurlTransfers transfers({});
  auto waiting = std::async(std::launch::async, [&] { return transfers.fetch(post(listener.url)); });
  listener.request();
  transfers.stop();
  CHECK(waiting.get() == Code::kShutdown);
  CHECK(transfers.fetch(post(listener.url)) == Code::kShutdown);
  CHECK_FALSE(transfers.post([] {}));
}

TEST_CASE("who never calls has no thread to stop", "[connect][aws]") {
  CurlTransfers transfers({});
  transfers.stop();
  CHECK(transfers.fetch(post("http://127.0.0.1:1/")) == Code::kShutdown);
}
