#include "connect/aws/curl_transfers.h"

#include "common/ascii.h"
#include "http/url.h"
#include "runtime/thread.h"

#include <curl/curl.h>

#include <algorithm>
#include <future>
#include <utility>

namespace restate::connect::aws {
namespace {

/// Wake-ups come by themselves; this is only how long nothing may happen.
constexpr int kPollMs = 60'000;

Code code_of(CURLcode result) {
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
      return Code::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Code::kUnauthenticated;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WRITE_ERROR:  // the answer is too large
      return Code::kInvalidArgument;
    default:
      return Code::kUnavailable;
  }
}

}  // namespace

struct CurlTransfers::Transfer {
  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  HttpQuery query;
  HttpAnswer answer;
  Abandoned abandoned;
  Done done;
  std::size_t max_answer_bytes = 0;
  std::unique_ptr<CURL, FreeEasy> easy{curl_easy_init()};
  std::unique_ptr<curl_slist, FreeList> headers;
  std::unique_ptr<curl_slist, FreeList> proxy_headers;
  char error[CURL_ERROR_SIZE] = "";

  void add_header(const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    if (self.answer.body.size() + size > self.max_answer_bytes) return CURL_WRITEFUNC_ERROR;
    self.answer.body.append(data, size);
    return size;
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    std::string_view line(data, size);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {
      self.answer.headers.clear();  // what came before was only interim
      return size;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    const std::size_t start = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
    self.answer.headers.push_back(
        {ascii_lower(line.substr(0, colon)), std::string(line.substr(start))});
    return size;
  }
};

CurlTransfers::CurlTransfers(TransferOptions options) : options_(std::move(options)) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = curl_multi_init();
  RESTATE_ASSERT(multi_ != nullptr, "libcurl could not be set up");
}

CurlTransfers::~CurlTransfers() {
  stop();
  curl_multi_cleanup(static_cast<CURLM*>(multi_));
  curl_global_cleanup();
}

bool CurlTransfers::post(Function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    jobs_.push_back(std::move(job));
    if (!thread_.joinable()) thread_ = start_thread("aws-transfers", [this] { run(); });
  }
  wake();
  return true;
}

void CurlTransfers::wake() { curl_multi_wakeup(static_cast<CURLM*>(multi_)); }

void CurlTransfers::set_proxy(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // what libcurl reads in the environment is not for us
  const auto url = http::parse_url(transfer.query.url);
  if (!options_.proxy || transfer.query.link_local || !url) return;
  if (http::is_exempt(options_.no_proxy, url->host, url->port)) return;
  curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy->str().c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  if (options_.proxy->authorization.empty()) return;
  const std::string line = "proxy-authorization: " + options_.proxy->authorization;
  transfer.proxy_headers.reset(curl_slist_append(nullptr, line.c_str()));
  curl_easy_setopt(easy, CURLOPT_PROXYHEADER, transfer.proxy_headers.get());
  curl_easy_setopt(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
}

void CurlTransfers::start(HttpQuery query, Abandoned abandoned, Done done) {
  auto transfer = std::make_unique<Transfer>();
  Transfer& t = *transfer;
  t.query = std::move(query);
  t.abandoned = std::move(abandoned);
  t.done = std::move(done);
  t.max_answer_bytes = options_.max_answer_bytes;
  CURL* easy = t.easy.get();
  const auto ms = [](Duration duration) {
    return static_cast<long>(std::chrono::duration_cast<milliseconds>(duration).count());
  };
  const Duration connect_timeout =
      t.query.link_local ? std::chrono::seconds(1) : options_.connect_timeout;
  curl_easy_setopt(easy, CURLOPT_URL, t.query.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms(connect_timeout));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms(t.query.timeout));
  set_proxy(t);
  if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t.error);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &t);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &t);
  if (t.query.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, t.query.method.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t.query.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(t.query.body.size()));
    t.add_header("expect:");  // without a second round trip
    // libcurl would say that it is a form.
    const bool typed = std::any_of(t.query.headers.begin(), t.query.headers.end(),
                                   [](const auto& h) { return h.name == "content-type"; });
    if (!typed) t.add_header("content-type:");
  }
  for (const wire::Header& header : t.query.headers)
    t.add_header(header.name + ": " + header.value);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t.headers.get());
  curl_multi_add_handle(static_cast<CURLM*>(multi_), easy);
  active_.push_back(std::move(transfer));
}

Result<HttpAnswer> CurlTransfers::fetch(const HttpQuery& query) {
  std::promise<Result<HttpAnswer>> promise;
  auto future = promise.get_future();
  const bool posted = post([this, &query, &promise] {
    start(query, nullptr,
          [&promise](Result<HttpAnswer> answer) { promise.set_value(std::move(answer)); });
  });
  if (!posted) return Error{Code::kShutdown, "the engine is closing"};
  return future.get();
}

void CurlTransfers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (!thread_.joinable()) stopped_ = true;
  }
  if (!thread_.joinable()) return;
  wake();
  thread_.join();
}

void CurlTransfers::run() {
  auto* multi = static_cast<CURLM*>(multi_);
  for (;;) {
    std::vector<Function<void()>> jobs;
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      jobs.swap(jobs_);
      stopping = stopping_;
      if (stopping && jobs.empty() && active_.empty()) {
        stopped_ = true;
        return;
      }
    }
    for (auto& job : jobs) job();
    if (stopping) {
      fail_all();
      continue;
    }
    drop_abandoned();
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode result = message->data.result;
      void* user = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
      Transfer& transfer = *static_cast<Transfer*>(user);
      if (result == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        transfer.answer.status = static_cast<int>(status);
        finish(transfer, std::move(transfer.answer));
      } else {
        const std::string why =
            transfer.error[0] != '\0' ? transfer.error : curl_easy_strerror(result);
        finish(transfer, Error{code_of(result), why});
      }
    }
    curl_multi_poll(multi, nullptr, 0, kPollMs, nullptr);
  }
}

void CurlTransfers::finish(Transfer& transfer, Result<HttpAnswer> result) {
  const auto found = std::find_if(active_.begin(), active_.end(),
                                  [&](const auto& entry) { return entry.get() == &transfer; });
  const std::unique_ptr<Transfer> owned = std::move(*found);
  active_.erase(found);
  curl_multi_remove_handle(static_cast<CURLM*>(multi_), owned->easy.get());
  if (owned->abandoned == nullptr || !*owned->abandoned) owned->done(std::move(result));
}

void CurlTransfers::drop_abandoned() {
  std::erase_if(active_, [this](const auto& transfer) {
    if (transfer->abandoned == nullptr || !*transfer->abandoned) return false;
    curl_multi_remove_handle(static_cast<CURLM*>(multi_), transfer->easy.get());
    return true;
  });
}

void CurlTransfers::fail_all() {
  while (!active_.empty()) {
    finish(*active_.back(), Error{Code::kShutdown, "the engine is closing"});
  }
}

}  // namespace restate::connect::aws
