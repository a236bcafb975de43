#include "script.h"

#include "common/hash.h"
#include "partition/queue.h"

#include <array>

namespace sim {
namespace {

using namespace restate;

std::string quoted(std::uint64_t number) { return "\"" + std::to_string(number) + "\""; }

/// What the kinds below are made from.
struct Draw {
  Random& random;
  const std::uint64_t serial;
  const std::uint64_t number;
  const WallTime now;

  bool coin() { return random.below(2) == 0; }
  bool twin() { return random.below(4) == 0; }
  std::string id() const { return "op" + std::to_string(serial); }
  std::string counter() const { return "/Obj/k" + std::to_string(number); }
};

Script add(Draw draw) { return {"add", 1, {{draw.counter() + "/add", quoted(1), draw.id(), {}}}}; }

Script add_send(Draw draw) {
  const std::string path = draw.counter() + "/add/send";
  return {"add.send", 1, {{draw.coin() ? path + "?delay=150ms" : path, quoted(1), draw.id(), {}}}};
}

Script run(Draw draw) { return {"run", 0, {{"/Bench/run", quoted(3), draw.id(), "3"}}}; }

Script call(Draw draw) { return {"call", 0, {{"/Bench/call", quoted(2), draw.id(), "2"}}}; }

Script sleep(Draw draw) {
  return {"sleep", 0, {{"/Bench/sleep", quoted(20 + draw.random.below(400)), draw.id(), {}}}};
}

Script hold(Draw draw) {
  return {"hold", 0, {{"/Bench/hold", quoted(20 + draw.random.below(600)), draw.id(), {}}}};
}

Script send(Draw draw) { return {"send", 0, {{"/Bench/send", quoted(2), draw.id(), "2"}}}; }

Script fan(Draw draw) {
  const std::string three_to = "\"3," + std::to_string(draw.number) + "\"";
  return {"fan", 3, {{"/Bench/fan", three_to, draw.id(), "3"}}};
}

Script awakeable(Draw draw) {
  return {"awakeable",
          0,
          {{"/Bench/await/send", quoted(0), draw.id(), {}},
           {"/restate/awakeables/{awakeable}/resolve", "5", {}, {}},
           {"/Bench/await", quoted(0), draw.id(), "5"}}};
}

// Purged, the key runs again and finds nothing of its earlier life.
Script workflow(Draw draw) {
  const std::string flow = "/Flow/w" + std::to_string(draw.serial);
  Script script{"workflow", 0, {}};
  for (int life = 0; life < 2; ++life) {
    if (life == 1) script.steps.push_back(operate("purge"));
    script.steps.push_back({flow + "/flow/send", quoted(0), {}, {}});
    script.steps.push_back({flow + "/settle", quoted(0), {}, "ok"});
    script.steps.push_back({"/restate/workflow" + flow + "/attach", {}, {}, "17"});
    script.steps.back().method = "GET";
  }
  return script;
}

// The first life leaves without the answer to its call; it must not reach the second.
Script leave(Draw draw) {
  return {"leave",
          0,
          {{"/Bench/leave/send", "\"300,0\"", draw.id(), {}},
           {"/Bench/leave", "\"300,0\"", draw.id(), "left"},
           operate("purge"),
           {"/Bench/leave", "\"500,1\"", draw.id(), "500"}}};
}

Script end_early(Draw draw, const std::string& how, const std::string& handler,
                 std::uint64_t input) {
  return {how,
          0,
          {{handler + "/send", quoted(input), draw.id(), {}},
           operate(how),
           {handler, quoted(input), draw.id(), {}, {409}},
           operate("purge-journal")}};
}

Script cancel(Draw draw) { return end_early(draw, "cancel", "/Bench/hold", 600'000); }

Script kill(Draw draw) { return end_early(draw, "kill", "/Bench/tree", 2); }

Script due(Draw draw) {
  const std::string path = "/Bench/due/send?delay=300ms";
  return {"due", 0, {{path, quoted(draw.now.ms + 300), draw.id(), {}}}};
}

// A pause whose answer was lost may happen as late as it likes: who waits resumes now and then.
Script pause(Draw draw) {
  Request output{"/restate/invocation/{id}/output", {}, {}, {}};
  output.method = "GET";
  output.before_retry = "resume";
  const std::string nap = quoted(100 + draw.random.below(500));
  return {"pause",
          0,
          {{draw.coin() ? "/Bench/hold/send" : "/Bench/nap/send", nap, draw.id(), {}},
           operate("pause"),
           operate("resume"),
           output}};
}

Script restart(Draw draw) {
  Request again = operate("restart-as-new");
  again.accepted = {200, 202, 410};  // its journal may be gone already
  return {"restart",
          0,
          {{"/Bench/run/send", quoted(2), draw.id(), {}},
           {"/Bench/run", quoted(2), draw.id(), "2"},
           again}};
}

// The change waits its turn behind a handler that has the object.
Script patch(Draw draw) {
  const std::string object = "p" + std::to_string(draw.serial);
  Request change{"/services/Obj/state",
                 R"({"object_key":")" + object + R"(","new_state":{"n":"41"}})",
                 {},
                 {}};
  change.port = Engine::kAdmin;
  return {"patch",
          0,
          {{"/Obj/" + object + "/run/send", quoted(3), draw.id(), {}},
           change,
           {"/Obj/" + object + "/add", quoted(1), draw.id(), "42"}}};
}

std::string scope(std::uint64_t number) { return "/restate/scope/t" + std::to_string(number); }

Script scoped(Draw draw) {
  const bool runs = draw.coin();
  const std::string path = scope(draw.number) + "/call/Bench/" + (runs ? "run" : "hold") +
                           (draw.coin() ? "?limit-key=l1/l2" : "");
  return {"scoped", 0, {{path, quoted(runs ? 3 : 50), draw.id(), runs ? "3" : ""}}};
}

// The handler names the scope.
Script scoped_call(Draw draw) {
  const std::string two_in = "\"2," + std::to_string(draw.number + 1) + "\"";
  return {"scoped.call", 0, {{"/Bench/call", two_in, draw.id(), "2"}}};
}

// One key, one idempotency key, three objects.
Script scoped_object(Draw draw) {
  const std::string add = "/Obj/o" + std::to_string(draw.serial) + "/add";
  return {"scoped.object",
          0,
          {{scope(1) + "/call" + add, quoted(1), draw.id(), "1"},
           {scope(2) + "/call" + add, quoted(2), draw.id(), "2"},
           {add, quoted(4), draw.id(), "4"}}};
}

Script scoped_flow(Draw draw) {
  const std::string key = "s" + std::to_string(draw.serial);
  const std::string where = scope(draw.number);
  return {"scoped.flow",
          0,
          {{where + "/send/Flow/" + key + "/flow", quoted(0), {}, {}},
           {where + "/call/Flow/" + key + "/settle", quoted(0), {}, "ok"},
           {"/restate/attach",
            R"({"target":"workflow","workflowName":"Flow","workflowKey":")" + key +
                R"(","scope":"t)" + std::to_string(draw.number) + R"("})",
            {},
            "17"}}};
}

// The limits of scope `fixed` never change, those of `loose` all the time.
std::string scope_path(Draw draw, bool send, const std::string& target) {
  const std::string scope = draw.coin() ? "fixed" : "loose";
  return "/restate/scope/" + scope + (send ? "/send/" : "/call/") + target;
}

std::string limit_key(Draw draw) {
  static const std::string kKeys[] = {"", "a", "a/b", "a/c", "d"};
  return kKeys[draw.random.below(std::size(kKeys))];
}

Script limited(Draw draw) {
  static const std::string kHandlers[] = {"sleep", "hold", "nap"};
  const std::string nap = quoted(20 + draw.random.below(300));
  const std::string handler = "Bench/" + kHandlers[draw.random.below(3)];
  Script script{"limited", 0, {{scope_path(draw, false, handler), nap, draw.id(), {}}}};
  script.steps.front().limit_key = limit_key(draw);
  return script;
}

Script limited_run(Draw draw) {
  Script script{"limited.run", 0, {{scope_path(draw, false, "Bench/run"), quoted(3), draw.id(), "3"}}};
  script.steps.front().limit_key = limit_key(draw);
  return script;
}

// One object of its own: three who want it at once, in an order that the answers show.
Script limited_object(Draw draw) {
  const std::string object = "Obj/s" + std::to_string(draw.serial);
  const std::string scope = "/restate/scope/fixed/";
  const bool delayed = draw.coin();
  return {"limited.object",
          0,
          {{scope + "send/" + object + "/run", quoted(2), draw.id() + "a", {}},
           {scope + "send/" + object + "/add" + (delayed ? "?delay=50ms" : ""), quoted(1),
            draw.id() + "b", {}},
           {scope + "call/" + object + "/add", quoted(1), draw.id() + "c", delayed ? "" : "2"}}};
}

// What is cancelled before it runs leaves nothing, so nobody asks for it again.
Script limited_end(Draw draw) {
  Script script{"limited.end",
                0,
                {{scope_path(draw, true, "Bench/hold"), quoted(600'000), draw.id(), {}},
                 operate(draw.coin() ? "kill" : "cancel")}};
  script.steps.front().limit_key = limit_key(draw);
  return script;
}

Script limited_pause(Draw draw) {
  Request output{"/restate/invocation/{id}/output", {}, {}, {}};
  output.method = "GET";
  output.before_retry = "resume";
  const std::string nap = quoted(100 + draw.random.below(500));
  return {"limited.pause",
          0,
          {{scope_path(draw, true, draw.coin() ? "Bench/hold" : "Bench/nap"), nap, draw.id(), {}},
           operate("pause"),
           operate("resume"),
           output}};
}

// Its own queue stops and goes on. A pause may come late: see `pause`.
Script limited_queue(Draw draw) {
  const std::string key = "q" + std::to_string(draw.serial);
  wire::InvocationTarget target;
  target.service = "Bench";
  target.scope = "loose";
  const std::string queue =
      "/vqueues/" + partition::queue_of(key_of(*target.scope), target, key).str();
  Request start{"/restate/scope/loose/send/Bench/hold", quoted(20 + draw.random.below(300)),
                draw.id()};
  start.limit_key = key;
  Request output{"/restate/invocation/{id}/output"};
  output.method = "GET";
  output.before_retry = queue + "/resume";
  return {"limited.queue",
          0,
          {start, administer(queue + "/pause"), administer(queue + "/resume"), output}};
}

Script rules(Draw draw) {
  static const std::string kPatterns[] = {"*",       "t1/l1",   "loose",
                                          "loose/*", "loose/a", "loose/a/*"};
  const std::string limit = std::to_string(1 + draw.random.below(3));
  Request change{"/limits/rules",
                 R"([{"pattern":")" + kPatterns[draw.random.below(std::size(kPatterns))] +
                     R"(","limits":{"concurrency":)" + limit + "}}]",
                 {},
                 {}};
  change.port = Engine::kAdmin;
  change.method = "PUT";
  return {"rules", 0, {change}};
}

constexpr std::array kFlowScripts{&scoped,       &scoped_call, &scoped_object,  &scoped_flow,
                                  &rules,        &rules,       &limited,        &limited,
                                  &limited,      &limited_run, &limited_object, &limited_end,
                                  &limited_pause, &limited_queue};

// Those that meet each other, on counters, are the most frequent.
constexpr std::array kScripts{&add,   &add,  &add_send, &add_send, &run,  &call,      &sleep,
                              &hold,  &send, &fan,      &cancel,   &kill, &awakeable, &workflow,
                              &leave, &due,  &pause,    &restart,  &patch};

}  // namespace

const std::vector<std::string>& script_kinds() {
  static const std::vector<std::string> kinds{
      "add",  "add.send",  "run",      "call",  "sleep", "hold",  "send",    "fan",  "cancel",
      "kill", "awakeable", "workflow", "leave", "due",   "pause", "restart", "patch",
      "scoped", "scoped.call", "scoped.object", "scoped.flow", "rules",
      "limited", "limited.run", "limited.object", "limited.end", "limited.pause",
      "limited.queue"};
  return kinds;
}

Script make_script(Random& random, std::uint64_t serial, std::uint64_t number, WallTime now,
                   bool flow_control) {
  Draw draw{random, serial, number, now};
  const std::size_t kinds = kScripts.size() + (flow_control ? kFlowScripts.size() : 0);
  const std::size_t kind = random.below(kinds);
  Script script = kind < kScripts.size() ? kScripts[kind](draw)
                                         : kFlowScripts[kind - kScripts.size()](draw);
  // Two who ask for the same must get the same, and it happens once.
  const bool idempotent = !script.steps.front().idempotency.empty();
  if (script.steps.size() == 1 && idempotent) script.steps.front().twin = draw.twin();
  return script;
}

Request operate(const std::string& operation) {
  Request request{"/invocations/{id}/" + operation, {}, {}, {}, {200, 202, 404, 409, 425}};
  request.port = Engine::kAdmin;
  request.method = "PATCH";
  return request;
}

Request administer(const std::string& path) {
  Request request{path};
  request.port = Engine::kAdmin;
  return request;
}

}  // namespace sim
