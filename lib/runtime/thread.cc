#include "runtime/thread.h"

#include <pthread.h>
#include <signal.h>

namespace restate {

std::thread start_thread(std::string name, Function<void()> body) {
  constexpr std::size_t kLongestName = 15;
  if (name.size() > kLongestName) name.resize(kLongestName);

  // A thread inherits the mask of its creator; so there is no moment in which it could be hit.
  // Faults of the thread itself stay open, for debuggers and sanitizers.
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF}) {
    sigdelset(&blocked, fault);
  }
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  std::thread thread([name = std::move(name), body = std::move(body)]() mutable {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace restate
