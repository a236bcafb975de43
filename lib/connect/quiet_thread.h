#pragma once

/// \file
/// A thread of ours in somebody else's process: it has a name, and takes none of the signals.

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace restate::connect {

/// `name` has at most 15 letters.
template <class Body>
std::thread start_quiet_thread(const char* name, Body body) {
  // Threads inherit their mask, so ours changes for a moment: there is no gap in the new one's
  // life.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([name, body = std::move(body)]() mutable {
    pthread_setname_np(pthread_self(), name);
    body();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace restate::connect
