#pragma once

/// \file
/// One client's conversation: bytes in, effects out. It knows the messages and their order, which
/// statements are prepared, which portals are open, whether a transaction is said to be open. It
/// knows no socket, no clock and no engine.

#include "query/engine.h"
#include "query/pg/message.h"
#include "query/pg/request.h"
#include "query/pg/scram.h"
#include "query/pg/settings.h"
#include "query/pg/statement_plan.h"

#include <restate/bytes.h>
#include <restate/result.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace restate::query::pg {

/// The largest message of a client that has shown who it is, and of one that has not.
inline constexpr std::size_t kMessageBytes = std::size_t{4} << 20;
inline constexpr std::size_t kStartupBytes = 10'000;
/// What is read ahead of a statement that runs.
inline constexpr std::size_t kReadAheadBytes = 64 * 1024;
/// Statements of one query message.
inline constexpr std::size_t kScriptStatements = 1000;
/// What a client may have prepared and bound.
inline constexpr std::size_t kKeptStatements = 1000;
inline constexpr std::size_t kKeptPortals = 100;
inline constexpr std::size_t kKeptBytes = std::size_t{8} << 20;

/// Names a session to whoever wants to cancel its statement.
struct BackendKey {
  std::uint32_t process = 0;
  std::uint32_t secret = 0;

  bool operator==(const BackendKey&) const = default;
};

/// A statement under way, by a number of the session.
using RunId = std::uint64_t;

struct Send {
  Bytes bytes;
};
/// The connection continues inside TLS; nothing else was read.
struct Secure {};
/// Start it, and give its pieces to `on_answer`: the first now, each of the others on `More`.
struct Start {
  RunId run;
  Request request;
};
struct More {
  RunId run;
};
/// Its answer is of no interest any more.
struct Drop {
  RunId run;
};
struct Cancel {
  BackendKey key;
};
/// Close the connection once everything is sent. The last effect of a session.
struct HangUp {};
using Effect = std::variant<Send, Secure, Start, More, Drop, Cancel, HangUp>;
using Effects = std::vector<Effect>;

struct SessionOptions {
  const Credentials* credentials = nullptr;  ///< null: everybody is trusted
  bool tls = false;                          ///< is offered, and not in use yet
  bool tls_required = false;                 ///< who does not take it is sent away
};

class Session {
 public:
  /// `nonce`: random, printable, for this session alone.
  Session(SessionOptions options, BackendKey key, std::string nonce);

  void on_bytes(std::string_view bytes, Effects& out);
  /// The answer to `Start` or `More`, unless the run was dropped. An error or the last piece ends it, and
  /// an error may also come unasked.
  void on_answer(RunId run, Result<Piece> answer, Effects& out);
  void on_secured() { secured_ = true; }

  /// False: enough is read, until the next answer.
  bool wants_input() const { return !waiting() || input_.size() < kReadAheadBytes; }
  bool ready() const { return phase_ == Phase::kReady; }
  bool closed() const { return phase_ == Phase::kClosed; }
  /// What `Cancel` is about.
  std::optional<RunId> running() const { return awaited_; }
  BackendKey key() const { return key_; }

 private:
  enum class Phase : std::uint8_t { kStartup, kSasl, kSaslLast, kReady, kClosed };
  enum class Transaction : char { kIdle = 'I', kOpen = 'T', kFailed = 'E' };
  /// What the answer that is awaited is for.
  enum class Activity : std::uint8_t { kNone, kScript, kDescribe, kDescribePortal, kExecute };

  struct Prepared {
    std::string sql;
    StatementPlan plan;
    std::vector<std::uint32_t> types;
    std::string description;  ///< the messages that answer Describe; empty: nobody has asked

    std::size_t bytes() const;
    bool is_copy() const { return plan.kind == StatementKind::kCopyOut; }
    const std::string& text_for_engine() const { return is_copy() ? plan.value : sql; }
  };
  using PreparedPtr = std::shared_ptr<Prepared>;

  struct Portal {
    PreparedPtr statement;
    Request request;
    std::size_t bytes = 0;  ///< of the request
    std::optional<RunId> run;
    bool begun = false;
    bool done = false;        ///< all of the answer is here
    bool copying = false;     ///< lines are on their way, and their end is not
    std::string description;  ///< its RowDescription, once it was there
    Bytes held;               ///< whole messages that are here and not sent
  };

  bool waiting() const { return awaited_.has_value(); }

  // -- What comes in (session.cc) --
  void advance();
  bool advance_startup();
  void on_startup(std::string_view body);
  void on_password(std::string_view body);
  void on_message(char type, std::string_view body);
  void greet();

  // -- The simple protocol, and statements that need no engine (session_simple.cc) --
  enum class Here : std::uint8_t { kNo, kDone, kFailed };
  void on_query(std::string_view body);
  void next_of_script();
  /// `kNo`: it is for the engine. Otherwise it is answered, or has failed.
  Here run_here(const StatementPlan& plan, bool with_description);
  Here show(const std::string& name, bool with_description);
  Here refuse(const Failure& failure);
  void describe_show(const std::string& name);

  // -- The extended protocol (session_extended.cc) --
  void on_parse(FieldReader& fields);
  void on_bind(FieldReader& fields);
  void on_describe(FieldReader& fields);
  void on_execute(FieldReader& fields);
  void on_close(FieldReader& fields);
  void on_sync();
  /// Fails, and reads on from the next Sync.
  void fail_extended(const Failure& failure);
  /// False: it has failed, for want of room for so many bytes or of a place.
  bool keep(std::size_t bytes, bool has_place);
  /// True: the engine is asked.
  bool describe_here(const Prepared& prepared, bool as_statement);

  // -- Statements under way (session_portals.cc) --
  enum class Outcome : std::uint8_t { kWaiting, kSuspended, kDone, kFailed };
  void start(Portal& portal, Activity activity);
  void describe(const PreparedPtr& prepared);
  void execute(Portal& portal, std::uint32_t rows);
  void on_described(Result<Piece> answer);
  /// To what is held; a failure stands in the place of what would have come.
  void keep_answer(Portal& portal, Result<Piece> answer);
  /// Takes what has come to where it was asked for.
  void go_on(Portal& portal);
  void describe_portal(Portal& portal);
  /// Sends what is held, up to the limit of rows.
  Outcome deliver(Portal& portal, bool with_description);
  /// The same for `COPY`, which knows no limit.
  Outcome deliver_copy(Portal& portal);
  /// Waits for the next piece.
  Outcome ask_for_more(Portal& portal);
  void drop(Portal& portal);
  void drop_portals();

  // -- What goes out --
  MessageWriter message() { return MessageWriter(outgoing_); }
  void empty_message(char type);
  void complete(std::string_view tag);
  void ready_for_query();
  void flush();
  void fail(const Failure& failure);
  void failed();
  void die(std::string sqlstate, std::string text);
  void hang_up();

  const SessionOptions options_;
  const BackendKey key_;
  std::string nonce_;
  bool secured_ = false;
  Phase phase_ = Phase::kStartup;
  Transaction transaction_ = Transaction::kIdle;
  bool skipping_ = false;  ///< up to the next Sync
  std::string input_;
  std::size_t taken_ = 0;  ///< of `input_`
  std::string outgoing_;
  Effects* out_ = nullptr;  ///< while an event is handled
  Settings settings_;
  std::unique_ptr<ScramExchange> scram_;

  std::map<std::string, PreparedPtr, std::less<>> statements_;
  std::map<std::string, std::unique_ptr<Portal>, std::less<>> portals_;
  RunId next_run_ = 0;
  std::optional<RunId> awaited_;
  Activity activity_ = Activity::kNone;
  Portal* active_ = nullptr;  ///< whose answer is awaited: the script's, or one of `portals_`
  std::uint64_t row_limit_ = 0;  ///< of the Execute under way; 0: none
  std::uint64_t rows_ = 0;       ///< that it has sent
  std::deque<std::string> script_;
  std::unique_ptr<Portal> script_portal_;
  PreparedPtr described_;
};

/// What a client is told of an error that no engine has put into words.
Failure failure_of(const Error& error);

}  // namespace restate::query::pg
