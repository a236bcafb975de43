#include "script.h"

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

// Those that meet each other, on counters, are the most frequent.
constexpr std::array kScripts{&add,   &add,  &add_send, &add_send, &run,  &call,      &sleep,
                              &hold,  &send, &fan,      &cancel,   &kill, &awakeable, &workflow,
                              &leave, &due,  &pause,    &restart,  &patch};

}  // namespace

const std::vector<std::string>& script_kinds() {
  static const std::vector<std::string> kinds{
      "add",  "add.send",  "run",      "call",  "sleep", "hold",  "send",    "fan",  "cancel",
      "kill", "awakeable", "workflow", "leave", "due",   "pause", "restart", "patch"};
  return kinds;
}

Script make_script(Random& random, std::uint64_t serial, std::uint64_t number, WallTime now) {
  Draw draw{random, serial, number, now};
  Script script = kScripts[random.below(kScripts.size())](draw);
  // Two who ask for the same must get the same, and it happens once.
  if (script.steps.size() == 1) script.steps.front().twin = draw.twin();
  return script;
}

Request operate(const std::string& operation) {
  Request request{"/invocations/{id}/" + operation, {}, {}, {}, {200, 202, 404, 409}};
  request.port = Engine::kAdmin;
  request.method = "PATCH";
  return request;
}

}  // namespace sim
