// How jemalloc works for this program; it looks this name up.

extern "C" {
// Few arenas, since few threads allocate much; what was freed goes back to the system after a
// second, also while nothing else happens.
extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:true,"
                          "max_background_threads:1";
}
